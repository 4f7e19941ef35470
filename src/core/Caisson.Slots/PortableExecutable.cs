using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Caisson.Slots;

/// <summary>
/// An EFI program (PE32+) of which only the sections and the signature are read: what a unified kernel is. No number is believed before it lies
/// inside the file.
/// </summary>
public sealed class PortableExecutable
{
    private const int MaxSections = 96;
    private const int SectionBytes = 40;
    private const int CertificatesAt = 144;

    private readonly byte[] _file;
    private readonly List<Section> _sections = [];
    private readonly int _optional;
    private readonly int _headers;
    private readonly int _certificates;

    /// <exception cref="ReleaseException">It is not one, or its numbers point outside it.</exception>
    public PortableExecutable(byte[] file)
    {
        _file = file;
        Demand(file.Length > 1024 && file[0] == 'M' && file[1] == 'Z');
        var pe = I32(60);
        Demand(pe > 0 && pe < file.Length - 512 && file.AsSpan(pe, 4).SequenceEqual("PE\0\0"u8));
        var (count, optionalBytes) = (U16(pe + 6), U16(pe + 20));
        _optional = pe + 24;
        Demand(count is > 0 and <= MaxSections && optionalBytes >= CertificatesAt + 8 && U16(_optional) == 0x20b && I32(_optional + 108) >= 5);
        var table = _optional + optionalBytes;
        Demand(table <= file.Length - (count * SectionBytes));
        for (var at = table; at < table + (count * SectionBytes); at += SectionBytes)
        {
            var (used, raw, from) = (I32(at + 8), I32(at + 16), I32(at + 20));
            Demand(used >= 0 && raw >= 0 && from >= 0 && from <= file.Length - raw);
            _sections.Add(new Section(Encoding.Latin1.GetString(file, at, 8).TrimEnd('\0'), from, raw, Math.Min(used, raw)));
        }

        (_headers, _certificates) = (I32(_optional + 60), I32(_optional + CertificatesAt));
        var certificateBytes = I32(_optional + CertificatesAt + 4);
        Demand(_headers >= table + (count * SectionBytes) && _headers <= file.Length);
        Demand(certificateBytes == 0 ? _certificates == 0 : _certificates >= _headers && certificateBytes > 8 && _certificates == file.Length - certificateBytes);
    }

    /// <summary>The text of the one section of that name.</summary>
    /// <exception cref="ReleaseException">There is none, or more than one, or it is no text.</exception>
    public string Text(string section)
    {
        const int longest = 1 << 16;
        var named = _sections.Where(s => string.Equals(s.Name, section, StringComparison.Ordinal)).ToList();
        Demand(named is [{ Used: > 0 and <= longest }], $"has not one section {section}");
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(_file, named[0].From, named[0].Used).TrimEnd('\0');
        }
        catch (ArgumentException)
        {
            throw new ReleaseException($"The kernel's section {section} is no text.");
        }
    }

    /// <summary>PKCS #7 of each signature, in the file's order.</summary>
    public IReadOnlyList<byte[]> Signatures()
    {
        const ushort pkcs = 2;
        var found = new List<byte[]>();
        for (var at = _certificates; _certificates > 0 && at <= _file.Length - 8;)
        {
            var bytes = I32(at);
            Demand(bytes > 8 && bytes <= _file.Length - at);
            if (U16(at + 6) == pkcs)
            {
                found.Add(_file.AsSpan(at + 8, bytes - 8).ToArray());
            }

            at += (bytes + 7) & ~7;
        }

        return found;
    }

    /// <summary>
    /// What a signature is over (Authenticode, as UEFI computes it): all but the checksum, the signatures and where they lie; sections in the order
    /// of their place in the file.
    /// </summary>
    public byte[] Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (checksum, directory) = (_optional + 64, _optional + CertificatesAt);
        hash.AppendData(_file, 0, checksum);
        hash.AppendData(_file, checksum + 4, directory - checksum - 4);
        hash.AppendData(_file, directory + 8, _headers - directory - 8);
        var hashed = (long)_headers;
        foreach (var section in _sections.Where(s => s.Raw > 0).OrderBy(s => s.From))
        {
            hash.AppendData(_file, section.From, section.Raw);
            hashed += section.Raw;
        }

        var end = _certificates == 0 ? _file.Length : _certificates;
        Demand(hashed <= end);
        hash.AppendData(_file, (int)hashed, end - (int)hashed);
        return hash.GetHashAndReset();
    }

    private static void Demand(bool holds, string what = "is not a sound EFI program")
    {
        if (!holds)
        {
            throw new ReleaseException($"The kernel {what}.");
        }
    }

    private int U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_file.AsSpan(at));

    private int I32(int at) => BinaryPrimitives.ReadInt32LittleEndian(_file.AsSpan(at));

    /// <param name="From">First byte in the file.</param>
    /// <param name="Raw">Bytes in the file.</param>
    /// <param name="Used">Bytes that mean something.</param>
    private sealed record Section(string Name, int From, int Raw, int Used);
}
