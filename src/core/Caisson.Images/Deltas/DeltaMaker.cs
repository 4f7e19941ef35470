using System.Collections.Concurrent;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Makes the delta between two generations of a store, out of the store's packs: no copy of the old disk is written. First the old disk is read once
/// for the similarity index; then workers take unit after unit, and what they make lies in a temporary file until all are done.
/// Memory is that of the similarity index (at most 64 MiB) and some 90 MiB a worker, whatever the images' size.
/// </summary>
internal sealed class DeltaMaker(ImageStore store, ImageIndex oldIndex, ImageIndex newIndex, DeltaOptions options, TimeProvider time)
{
    private const int MostWorkers = 3;
    private const int ReadRunBytes = 4 * 1024 * 1024;

    /// <summary>32 MiB of old frames a worker: the regions of neighbouring units are neighbours, too.</summary>
    private const int KeptOldFrames = 128;

    private readonly FrameMap _oldMap = new(oldIndex);
    private readonly FrameMap _newMap = new(newIndex);

    /// <summary>Writes the delta to <paramref name="outFile"/>, synced.</summary>
    /// <param name="passed">Called from several threads with bytes of new chunks encoded.</param>
    /// <returns>How many chunks are new.</returns>
    public async Task<int> RunAsync(string outFile, Action<long> passed, CancellationToken cancellationToken)
    {
        var content = ContentList.Of(oldIndex);
        var newChunks = DeltaTarget.NewChunks(newIndex, content);
        var units = DeltaPlan.Split(newIndex, newChunks);
        using var encoded = new EncodedUnits(outFile + ".units", units.Count);
        DeltaPlan? plan = null;
        await OnThreadsAsync(1, () => plan = new DeltaPlan(oldIndex, newIndex, IndexOld(cancellationToken))).ConfigureAwait(false);
        var order = Enumerable.Range(0, units.Count);
        await EncodeAsync(order, DeltaEffort.Fast, null).ConfigureAwait(false);
        if (options.Effort == DeltaEffort.Small)
        {
            // The largest first: should the budget end, it has bought most.
            await EncodeAsync(order.OrderByDescending(unit => encoded[unit].StoredBytes).ToArray(), DeltaEffort.Small, options.Budget).ConfigureAwait(false);
        }

        await AssembleAsync(content, encoded, outFile, cancellationToken).ConfigureAwait(false);
        return newChunks.Length;

        Task EncodeAsync(IEnumerable<int> which, DeltaEffort effort, TimeSpan? budget)
        {
            var (queue, spent) = (new ConcurrentQueue<int>(which), 0L);
            return OnThreadsAsync(Math.Min(Environment.ProcessorCount, options.IsBackground ? 1 : MostWorkers), () =>
            {
                using var worker = new UnitWorker(store, (oldIndex, _oldMap), (newIndex, _newMap), effort, KeptOldFrames);
                while (!cancellationToken.IsCancellationRequested && !(TimeSpan.FromTicks(Interlocked.Read(ref spent)) > budget) && queue.TryDequeue(out var unit))
                {
                    var began = time.GetTimestamp();
                    worker.Encode(unit, units[unit], plan!, encoded);
                    Interlocked.Add(ref spent, time.GetElapsedTime(began).Ticks);
                    passed(encoded[unit].PlainBytes);
                }

                cancellationToken.ThrowIfCancellationRequested();
            });
        }
    }

    /// <summary>Threads of their own: the work takes minutes, and in the background it must give way to everything else.</summary>
    private Task OnThreadsAsync(int count, Action work) => Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Factory.StartNew(
        () =>
        {
            if (options.IsBackground)
            {
                Posix.LowerThreadPriority();
            }

            work();
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default)));

    private SimilarityIndex IndexOld(CancellationToken cancellationToken)
    {
        var similar = new SimilarityIndex(oldIndex.DataBytes);

        // What a unit refers to is verified when it is read for that; here a damaged chunk costs bytes at worst.
        using var old = new StoredContent(store, oldIndex, null, KeptOldFrames);
        var buffer = new byte[ReadRunBytes];
        var extent = 0;
        while (extent < oldIndex.Extents.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // Neighbouring extents as one run, so that the rolling hash crosses chunk boundaries.
            var (start, end) = (oldIndex.Extents[extent].Offset, oldIndex.Extents[extent].Offset);
            for (; extent < oldIndex.Extents.Length && oldIndex.Extents[extent].Offset == end && end + oldIndex.ExtentBytes(extent) - start <= buffer.Length; extent++)
            {
                end += oldIndex.ExtentBytes(extent);
            }

            var run = buffer.AsSpan(0, (int)(end - start));
            old.Read(start, run);
            similar.Add(start, run);
        }

        return similar;
    }

    private async Task AssembleAsync(ContentList content, EncodedUnits encoded, string outFile, CancellationToken cancellationToken)
    {
        var (indexBytes, contentBytes) = (newIndex.Encode(), content.Encode());
        var (indexEncoding, indexStored, indexPlainBytes) = IndexDelta.Encode(content, indexBytes);
        var head = new DeltaHead
        {
            BaseContent = ChunkId.Of(contentBytes),
            BaseBytes = oldIndex.ImageBytes,
            TargetIndex = ChunkId.Of(indexBytes),
            IndexEncoding = indexEncoding,
            IndexPlainBytes = indexPlainBytes,
            IndexStored = indexStored,
            Units = encoded.Units,
        };
        await using var target = new FileStream(outFile, FileMode.CreateNew, FileAccess.Write);
        await target.WriteAsync(DeltaFormat.EncodeHead(head), cancellationToken).ConfigureAwait(false);
        await encoded.CopyToAsync(target, cancellationToken).ConfigureAwait(false);
        target.Flush(flushToDisk: true);
    }
}
