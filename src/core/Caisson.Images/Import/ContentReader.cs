using System.Buffers;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>Some consecutive chunks of a disk in one rented buffer. Whoever takes a batch last returns the buffer.</summary>
/// <param name="End">Where on the disk the next batch begins; reading on from there gives the same batches.</param>
internal sealed record ContentBatch(byte[] RentedBuffer, IReadOnlyList<(long Offset, int Start, int Bytes)> Chunks, long End)
{
    public ReadOnlySpan<byte> Plain(int chunk) => RentedBuffer.AsSpan(Chunks[chunk].Start, Chunks[chunk].Bytes);
}

/// <summary>
/// Reads a raw disk's content as chunks, in order. Holes of the file are not read (SEEK_DATA); they cut as zeros do,
/// so a sparse and a full copy of a disk give the same chunks.
/// </summary>
internal static class ContentReader
{
    public const int BatchBytes = 4 * 1024 * 1024;

    /// <param name="zeros">Read as zeros, and so as holes.</param>
    /// <param name="passed">Called with the bytes of disk passed, holes included; the sum is the disk's size.</param>
    /// <param name="position">0, or the end of a batch.</param>
    public static IEnumerable<ContentBatch> Read(SafeFileHandle file, long length, ZeroMask zeros, Action<long> passed, long position = 0)
    {
        while (position < length && Posix.NextData(file, position) is { } data && data.Start < length)
        {
            var start = Math.Max(position, data.Start / Limits.BlockBytes * Limits.BlockBytes);
            var end = RoundUp(data.End, length);

            // Holes smaller than a block must not cut: a full copy has none there.
            while (end < length && Posix.NextData(file, end) is { } next && next.Start < end + Limits.BlockBytes)
            {
                end = RoundUp(next.End, length);
            }

            passed(start - position);
            foreach (var batch in ReadRun(file, start, end, zeros, passed))
            {
                yield return batch;
            }

            position = end;
        }

        passed(length - position);
    }

    private static long RoundUp(long offset, long length) => Math.Min(length, (offset + Limits.BlockBytes - 1) / Limits.BlockBytes * Limits.BlockBytes);

    private static IEnumerable<ContentBatch> ReadRun(SafeFileHandle file, long start, long end, ZeroMask zeros, Action<long> passed)
    {
        // Bytes after the last sure cut begin the next buffer, since this one leaves our hands.
        var (buffer, carried) = (ArrayPool<byte>.Shared.Rent(BatchBytes), 0);
        while (start < end)
        {
            var wanted = (int)Math.Min(BatchBytes, end - start);
            Fill(file, buffer.AsSpan(carried, wanted - carried), start + carried);
            zeros.Apply(start + carried, buffer.AsSpan(carried, wanted - carried));
            var chunks = new List<(long, int, int)>();
            var used = Cut(buffer.AsSpan(0, wanted), isRunEnd: start + wanted == end, start, chunks);
            var (filled, next) = (buffer, ArrayPool<byte>.Shared.Rent(BatchBytes));
            carried = wanted - used;
            filled.AsSpan(used, carried).CopyTo(next);
            buffer = next;
            passed(used);
            start += used;
            yield return new ContentBatch(filled, chunks, start);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static int Cut(ReadOnlySpan<byte> bytes, bool isRunEnd, long diskOffset, List<(long Offset, int Start, int Bytes)> chunks)
    {
        var used = 0;
        while (used < bytes.Length)
        {
            var hole = Chunker.LeadingHole(bytes[used..]);
            used += hole;
            var left = bytes.Length - used;
            if (left == 0 || (left < Limits.MaxChunkBytes && !isRunEnd))
            {
                break;
            }

            var length = Chunker.NextLength(bytes[used..]);
            chunks.Add((diskOffset + used, used, length));
            used += length;
        }

        return used;
    }

    private static void Fill(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        while (buffer.Length > 0)
        {
            var got = RandomAccess.Read(file, buffer, offset);
            if (got == 0)
            {
                throw new ImageStoreException(ImageStoreError.BadInput, $"The image became shorter while it was read: nothing at byte {offset}. Import it when nothing writes to it.");
            }

            buffer = buffer[got..];
            offset += got;
        }
    }
}
