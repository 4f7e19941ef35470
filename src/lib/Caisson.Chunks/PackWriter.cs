using System.Security.Cryptography;

namespace Caisson.Chunks;

/// <summary>Writes one pack to a stream and hashes it on the way. The stream stays the caller's.</summary>
public sealed class PackWriter : IDisposable
{
    private readonly Stream _target;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public PackWriter(Stream target)
    {
        _target = target;
        Span<byte> header = stackalloc byte[PackFormat.HeaderBytes];
        PackFormat.WriteHeader(header);
        Write(header);
    }

    public int Bytes { get; private set; }

    /// <summary>True: close this pack and begin another.</summary>
    public bool IsFull => Bytes >= Limits.PackTargetBytes;

    /// <returns>The frame's offset in the pack.</returns>
    public int Append(ReadOnlySpan<byte> storedFrame)
    {
        var offset = Bytes;
        Write(storedFrame);
        return offset;
    }

    /// <summary>Ends the pack and names it.</summary>
    public PackEntry Finish()
    {
        Span<byte> hash = stackalloc byte[ChunkId.Size];
        _hash.GetHashAndReset(hash);
        return new PackEntry(new ChunkId(hash), Bytes);
    }

    public void Dispose() => _hash.Dispose();

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _target.Write(bytes);
        _hash.AppendData(bytes);
        Bytes += bytes.Length;
    }
}
