using System.Buffers;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>The content list of a raw file, by cutting and hashing all of it on all cores.</summary>
internal static class RawContent
{
    public static async Task<ContentList> ReadAsync(SafeFileHandle file, Action<long> passed, CancellationToken cancellationToken)
    {
        var length = RandomAccess.GetLength(file);
        var entries = new List<ContentEntry>();
        var pending = new Queue<Task<HashedBatch>>();
        foreach (var batch in ContentReader.Read(file, length, ZeroMask.None, passed))
        {
            pending.Enqueue(Task.Run(() => HashedBatch.Of(batch), cancellationToken));
            if (pending.Count >= HashedBatch.AtOnce(Environment.ProcessorCount))
            {
                Take(await pending.Dequeue().ConfigureAwait(false), entries);
            }
        }

        while (pending.Count > 0)
        {
            Take(await pending.Dequeue().ConfigureAwait(false), entries);
        }

        return new ContentList(length, [.. entries]);
    }

    private static void Take(HashedBatch hashed, List<ContentEntry> entries)
    {
        for (var i = 0; i < hashed.Ids.Length; i++)
        {
            var (offset, _, bytes) = hashed.Batch.Chunks[i];
            entries.Add(new ContentEntry(offset, bytes, hashed.Ids[i]));
        }

        ArrayPool<byte>.Shared.Return(hashed.Batch.RentedBuffer);
    }
}
