using System.Buffers.Binary;
using System.Globalization;
using Caisson.Installing;

namespace Caisson.Cli.Install;

/// <summary>The firmware's boot menu, through efivarfs: each variable is a file of four bytes of attributes and its content, written in one call.</summary>
internal static class FirmwareVariables
{
    private const string Folder = "/sys/firmware/efi/efivars";
    private const string Global = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
    private const uint Kept = 0x7; // Non-volatile, for the firmware and for systems.

    /// <summary>The entry first, then those that were there; the next start takes it also where the medium is first in the firmware's own list.</summary>
    public static void PutFirst(BootEntry entry, IReadOnlySet<Guid> present)
    {
        var order = Numbers(Read("BootOrder"));
        var (number, next) = BootMenu.PutFirst(Entries(), order, entry.PartitionId, present);
        Write(Name(number), entry.Encode());
        Write("BootOrder", Bytes(next));
        Write("BootNext", Bytes([number]));
    }

    private static Dictionary<ushort, byte[]> Entries() => new DirectoryInfo(Folder).EnumerateFiles($"Boot????-{Global}")
        .Select(file => (file.Name, Ok: ushort.TryParse(file.Name.AsSpan(4, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number), number))
        .Where(found => found.Ok)
        .ToDictionary(found => found.number, found => Read(found.Name[..8]));

    private static string Name(ushort number) => string.Create(CultureInfo.InvariantCulture, $"Boot{number:X4}");

    private static ushort[] Numbers(byte[] content) => [.. content.Chunk(2).Where(two => two.Length == 2).Select(two => BinaryPrimitives.ReadUInt16LittleEndian(two))];

    private static byte[] Bytes(IReadOnlyList<ushort> numbers)
    {
        var bytes = new byte[numbers.Count * 2];
        foreach (var (number, at) in numbers.Select((number, at) => (number, at)))
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * at), number);
        }

        return bytes;
    }

    private static byte[] Read(string name) => File.Exists(At(name)) && File.ReadAllBytes(At(name)) is { Length: >= 4 } all ? all[4..] : [];

    private static void Write(string name, byte[] content)
    {
        var all = new byte[4 + content.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(all, Kept);
        content.CopyTo(all, 4);
        using var file = new FileStream(At(name), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(all);
    }

    private static string At(string name) => Path.Combine(Folder, $"{name}-{Global}");
}
