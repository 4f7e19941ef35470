using System.Buffers;
using System.IO.Hashing;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>The content list of a raw file, by cutting and hashing all of it on all cores.</summary>
/// <param name="Prints">Of each entry a hash that is cheap: whether the file's bytes are still those that were listed.</param>
internal sealed record RawContent(ContentList List, ulong[] Prints)
{
    /// <summary>The number of an entry for each id.</summary>
    public Dictionary<ChunkId, int> Numbers()
    {
        var numbers = new Dictionary<ChunkId, int>(List.Entries.Length);
        for (var number = 0; number < List.Entries.Length; number++)
        {
            numbers.TryAdd(List.Entries[number].Id, number);
        }

        return numbers;
    }

    public static ulong Print(ReadOnlySpan<byte> bytes) => XxHash3.HashToUInt64(bytes);

    public static async Task<RawContent> ReadAsync(SafeFileHandle file, Action<long> passed, CancellationToken cancellationToken)
    {
        var length = RandomAccess.GetLength(file);
        var entries = new List<ContentEntry>();
        var prints = new List<ulong>();
        var pending = new Queue<Task<(HashedBatch, ulong[])>>();
        foreach (var batch in ContentReader.Read(file, length, ZeroMask.None, passed))
        {
            pending.Enqueue(Task.Run(() => (HashedBatch.Of(batch), PrintsOf(batch)), cancellationToken));
            if (pending.Count >= HashedBatch.AtOnce(Environment.ProcessorCount))
            {
                Take(await pending.Dequeue().ConfigureAwait(false), entries, prints);
            }
        }

        while (pending.Count > 0)
        {
            Take(await pending.Dequeue().ConfigureAwait(false), entries, prints);
        }

        return new RawContent(new ContentList(length, [.. entries]), [.. prints]);
    }

    private static ulong[] PrintsOf(ContentBatch batch)
    {
        var prints = new ulong[batch.Chunks.Count];
        for (var i = 0; i < prints.Length; i++)
        {
            prints[i] = Print(batch.Plain(i));
        }

        return prints;
    }

    private static void Take((HashedBatch Hashed, ulong[] Prints) done, List<ContentEntry> entries, List<ulong> prints)
    {
        var hashed = done.Hashed;
        prints.AddRange(done.Prints);
        for (var i = 0; i < hashed.Ids.Length; i++)
        {
            var (offset, _, bytes) = hashed.Batch.Chunks[i];
            entries.Add(new ContentEntry(offset, bytes, hashed.Ids[i]));
        }

        ArrayPool<byte>.Shared.Return(hashed.Batch.RentedBuffer);
    }
}
