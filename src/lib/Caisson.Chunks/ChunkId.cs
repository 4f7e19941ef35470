using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Caisson.Chunks;

/// <summary>SHA-256 of some plain bytes: the name of a chunk, and of every blob (as <c>sha256:…</c>).</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ChunkId
{
    /// <summary>Bytes of one id in every format of this library.</summary>
    public const int Size = 32;

    private const string DigestPrefix = "sha256:";

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    /// <param name="bytes">Exactly <see cref="Size"/> bytes or more; the first 32 count.</param>
    public ChunkId(ReadOnlySpan<byte> bytes)
    {
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>The id in the form OCI uses: <c>sha256:</c> and 64 lower-case hex digits.</summary>
    public string Digest => DigestPrefix + ToString();

    /// <summary>Hashes <paramref name="plain"/>.</summary>
    public static ChunkId Of(ReadOnlySpan<byte> plain)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(plain, hash);
        return new ChunkId(hash);
    }

    /// <summary>Reads the OCI form. Upper-case, other algorithms and other lengths are refused: a digest becomes a file name.</summary>
    public static bool TryParseDigest(string? text, out ChunkId id)
    {
        id = default;
        if (text is null || text.Length != DigestPrefix.Length + (2 * Size) || !text.StartsWith(DigestPrefix, StringComparison.Ordinal))
        {
            return false;
        }

        var hex = text.AsSpan(DigestPrefix.Length);
        if (hex.ContainsAnyExcept(LowerHex))
        {
            return false;
        }

        id = new ChunkId(Convert.FromHexString(hex));
        return true;
    }

    /// <exception cref="ChunkException"><see cref="ChunkError.Invalid"/>: not a SHA-256 digest.</exception>
    public static ChunkId ParseDigest(string? text) => TryParseDigest(text, out var id)
        ? id
        : throw new ChunkException(ChunkError.Invalid, $"'{text}' is not a digest of the form sha256:<64 hex digits>.");

    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    public override int GetHashCode() => (int)_a;

    public override string ToString() => $"{_a:x16}{_b:x16}{_c:x16}{_d:x16}";
}
