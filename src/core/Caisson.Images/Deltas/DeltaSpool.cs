using System.Buffers.Binary;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// What has come of a delta and is not used yet, so that a kill or a power cut costs no second fetching: its head, and the run of units on its way. Two files in the
/// image's directory, each <c>digest 32, offset u64</c> and then bytes of the blob from there, which only grow. Nothing here is trusted: head and
/// chunks are verified as if they had just come, and who finds them wrong drops them.
/// </summary>
internal sealed class DeltaSpool(string directory, TimeProvider time)
{
    private const int HeaderBytes = 40;
    private static readonly TimeSpan SyncPeriod = TimeSpan.FromSeconds(1);

    private long _synced = time.GetTimestamp();

    public string Head => Path.Combine(directory, "delta.head");

    public string Run => Path.Combine(directory, "delta.run");

    /// <summary>Fills <paramref name="buffer"/> from <paramref name="offset"/> of a blob: what is in the file from there, the rest through <paramref name="read"/>, kept as it comes.</summary>
    /// <param name="read">Reads some of the rest, at least a byte, and says how many.</param>
    public async Task ReadAsync(string file, string digest, long offset, Memory<byte> buffer, Func<long, Memory<byte>, Task<int>> read)
    {
        using var spool = File.OpenHandle(file, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var (start, done) = Begin(spool, ChunkId.ParseDigest(digest), offset, buffer.Span);
        while (done < buffer.Length)
        {
            var got = await read(offset + done, buffer[done..]).ConfigureAwait(false);
            RandomAccess.Write(spool, buffer.Span.Slice(done, got), HeaderBytes + (offset - start) + done);
            done += got;
            if (time.GetElapsedTime(_synced) > SyncPeriod)
            {
                Posix.SyncData(spool);
                _synced = time.GetTimestamp();
            }
        }
    }

    /// <summary>Forgets all.</summary>
    public void Drop()
    {
        File.Delete(Head);
        File.Delete(Run);
    }

    /// <returns>Where in the blob the file begins, and how many bytes of the buffer were there.</returns>
    private static (long Start, int Known) Begin(SafeFileHandle spool, ChunkId digest, long offset, Span<byte> buffer)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        var length = RandomAccess.GetLength(spool) - HeaderBytes;
        if (length > 0 && RandomAccess.Read(spool, header, 0) == HeaderBytes && new ChunkId(header) == digest)
        {
            // A run that was begun further ahead, some of whose units are in the image already, serves too.
            var start = BinaryPrimitives.ReadInt64LittleEndian(header[ChunkId.Size..]);
            if (start >= 0 && start <= offset && offset - start < length)
            {
                var known = (int)Math.Min(length - (offset - start), buffer.Length);
                RawFile.Read(spool, HeaderBytes + (offset - start), buffer[..known]);
                return (start, known);
            }
        }

        digest.WriteTo(header);
        BinaryPrimitives.WriteInt64LittleEndian(header[ChunkId.Size..], offset);
        RandomAccess.SetLength(spool, 0);
        RandomAccess.Write(spool, header, 0);
        return (offset, 0);
    }
}
