using System.Threading.Channels;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// Raw disk → chunks → packs, in steps joined by short queues, so that memory is bounded whatever the disk's size:
/// 1 read and cut (one thread), 2 hash (all cores), 3 look up and lay into frames (one thread), 4 compress (all cores), 5 write (one thread).
/// Order is kept throughout: the same disk on the same store gives the same packs.
/// </summary>
/// <param name="commitBytes">As of <see cref="ImportRequest.CommitBytes"/>.</param>
internal sealed class ImportPipeline(ImportLedger ledger, PackFolder packs, ImportJournal journal, int level, long commitBytes)
{
    private readonly Channel<Task<HashedBatch>> _hashed = Channel.CreateBounded<Task<HashedBatch>>(HashedBatch.AtOnce(Environment.ProcessorCount));
    private readonly Channel<Task<PackedBatch>> _packed = Channel.CreateBounded<Task<PackedBatch>>(HashedBatch.AtOnce(Environment.ProcessorCount));

    /// <summary>Goes on from where the journal stands. Afterwards the ledger holds the whole image.</summary>
    public async Task RunAsync(SafeFileHandle raw, long length, ZeroMask zeros, Action<long> passed, CancellationToken cancellationToken)
    {
        // Cancelled by the caller, or by the first step that fails, so that the others do not wait for it for ever.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] steps =
        [
            Task.Run(() => ReadAsync(raw, length, zeros, passed, stop.Token), stop.Token),
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
    }

    private async Task ReadAsync(SafeFileHandle raw, long length, ZeroMask zeros, Action<long> passed, CancellationToken cancellationToken)
    {
        foreach (var batch in ContentReader.Read(raw, length, zeros, passed, journal.At.Position))
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
            var after = new ImportState(hashed.Batch.End, ledger.Mark());
            await _packed.Writer.WriteAsync(Task.Run(() => PackedBatch.Compress(hashed.Batch, frames, after, level), cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        _packed.Writer.Complete();
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var committed = journal.At.Position;
        await foreach (var compressing in _packed.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            using var batch = await compressing.ConfigureAwait(false);
            foreach (var frame in batch.Frames)
            {
                packs.Append(frame);
            }

            // Packs end with a batch, so that between two packs all is known of the disk before, and nothing of the disk behind.
            if (packs.IsFull)
            {
                packs.Close();
            }

            if (!packs.IsOpen && batch.After.Position - committed >= commitBytes)
            {
                journal.Commit(batch.After with { Ledger = batch.After.Ledger with { Frames = ledger.Frames.Flush(), Packs = ledger.Packs.Flush() } }, ledger);
                committed = batch.After.Position;
            }
        }

        packs.Close();
    }

    /// <summary>Names every chunk of a batch in the ledger; those new to image and store are laid into frames.</summary>
    private List<NewFrame> Lay(HashedBatch hashed)
    {
        var frames = new List<NewFrame>();
        for (var i = 0; i < hashed.Ids.Length; i++)
        {
            var (offset, _, bytes) = hashed.Batch.Chunks[i];
            if (ledger.TryAdd(offset, hashed.Ids[i], hashed.Batch.Plain(i)))
            {
                continue;
            }

            if (frames.Count == 0 || frames[^1].PlainBytes + bytes > Limits.MaxFramePlainBytes)
            {
                frames.Add(new NewFrame(ledger.NewFrame()));
            }

            ledger.AddNew(offset, hashed.Ids[i], bytes, frames[^1].Row, frames[^1].Add(i, bytes));
        }

        return frames;
    }
}
