using System.Threading.Channels;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// Raw disk → chunks → packs, in steps joined by short queues, so that memory is bounded whatever the disk's size:
/// 1 read and cut (one thread), 2 hash (all cores), 3 look up and lay into frames (one thread), 4 compress (all cores), 5 write (one thread).
/// Order is kept throughout: the same disk on the same store gives the same packs.
/// </summary>
internal sealed class ImportPipeline(KnownChunks known, PackFolder packs, int level)
{
    private readonly ImageIndexBuilder _builder = new();
    private readonly Channel<Task<HashedBatch>> _hashed = Channel.CreateBounded<Task<HashedBatch>>(Environment.ProcessorCount + 1);
    private readonly Channel<Task<PackedBatch>> _packed = Channel.CreateBounded<Task<PackedBatch>>(Environment.ProcessorCount + 1);

    public async Task<ImageIndex> RunAsync(SafeFileHandle raw, long length, Action<long> passed, CancellationToken cancellationToken)
    {
        // Cancelled by the caller, or by the first step that fails, so that the others do not wait for it for ever.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] steps =
        [
            Task.Run(() => ReadAsync(raw, length, passed, stop.Token), stop.Token),
            Task.Run(() => LayAsync(stop.Token), stop.Token),
            Task.Run(() => WriteAsync(stop.Token), stop.Token),
        ];
        await foreach (var step in Task.WhenEach(steps).ConfigureAwait(false))
        {
            if (!step.IsCompletedSuccessfully)
            {
                await stop.CancelAsync().ConfigureAwait(false);
            }
        }

        // The fault that began it, not the cancellations it caused.
        var fault = steps.Where(step => step.IsFaulted).Select(step => step.Exception!.InnerException!).FirstOrDefault(e => e is not OperationCanceledException);
        if (fault is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
        }

        await Task.WhenAll(steps).ConfigureAwait(false);
        return _builder.Build(length);
    }

    private async Task ReadAsync(SafeFileHandle raw, long length, Action<long> passed, CancellationToken cancellationToken)
    {
        foreach (var batch in ContentReader.Read(raw, length, passed))
        {
            await _hashed.Writer.WriteAsync(Task.Run(() => HashedBatch.Of(batch), cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        _hashed.Writer.Complete();
    }

    private async Task LayAsync(CancellationToken cancellationToken)
    {
        await foreach (var hashing in _hashed.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var hashed = await hashing.ConfigureAwait(false);
            var frames = Lay(hashed);
            await _packed.Writer.WriteAsync(Task.Run(() => PackedBatch.Compress(hashed.Batch, frames, level), cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        _packed.Writer.Complete();
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        await foreach (var compressing in _packed.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            using var batch = await compressing.ConfigureAwait(false);
            foreach (var (place, stored) in batch.Frames)
            {
                packs.Append(place, stored.AsSpan(0, place.StoredBytes));
            }
        }

        packs.Close();
    }

    /// <summary>Names every chunk of a batch in the index; those new to image and store are laid into frames.</summary>
    private List<NewFrame> Lay(HashedBatch hashed)
    {
        var frames = new List<NewFrame>();
        for (var i = 0; i < hashed.Ids.Length; i++)
        {
            var (offset, _, bytes) = hashed.Batch.Chunks[i];
            if (_builder.TryAddKnown(offset, hashed.Ids[i]))
            {
                continue;
            }

            if (!known.TryFind(hashed.Ids[i], out var place, out var frameOffset))
            {
                if (frames.Count == 0 || frames[^1].Place.PlainBytes + bytes > Limits.MaxFramePlainBytes)
                {
                    frames.Add(new NewFrame());
                }

                place = frames[^1].Place;
                frameOffset = frames[^1].Add(i, bytes);
            }

            _builder.Add(offset, hashed.Ids[i], bytes, place, frameOffset);
        }

        return frames;
    }
}
