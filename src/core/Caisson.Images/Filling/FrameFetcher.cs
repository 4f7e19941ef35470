using System.Buffers;
using System.Collections.Concurrent;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Brings frames from the source into the image file: fetch → decode and verify → write → mark present. Whoever asks for a frame that is
/// on its way waits for the same fetch. A fetch never fails: it goes on, with growing pauses, until it has succeeded or the image is closed.
/// </summary>
internal sealed class FrameFetcher(ImageIndex index, FrameMap map, ChunkPlacement placement, IBlobSource source, FillTrouble trouble, Checkpoint checkpoint, CancellationToken closed)
{
    /// <summary>Adjacent frames go into one request up to this.</summary>
    public const int MaxRequestBytes = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, TaskCompletionSource> _inFlight = [];
    private readonly ConcurrentBag<FrameCodec> _codecs = [];
    private long _wireBytes;

    public long WireBytes => Interlocked.Read(ref _wireBytes);

    public void CountWire(long bytes) => Interlocked.Add(ref _wireBytes, bytes);

    /// <summary>True: some chunk of the frame is not in the file yet.</summary>
    public bool IsWanted(int frame)
    {
        foreach (var chunk in map.ChunksOf(frame))
        {
            if (placement.IsWanted(chunk))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Completes when all these frames are in the file.</summary>
    /// <param name="frames">In ascending order.</param>
    public Task EnsureAsync(IReadOnlyList<int> frames)
    {
        var waits = new List<Task>();
        var mine = new List<int>();
        lock (_gate)
        {
            foreach (var frame in frames.Where(IsWanted))
            {
                if (!_inFlight.TryGetValue(frame, out var flight))
                {
                    _inFlight.Add(frame, flight = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                    mine.Add(frame);
                }

                waits.Add(flight.Task);
            }
        }

        foreach (var run in Runs(mine))
        {
            _ = FetchRunAsync(run);
        }

        return Task.WhenAll(waits);
    }

    /// <summary>One chunk's plain bytes, verified, for whoever writes them elsewhere. Goes on, with growing pauses, until it has them.</summary>
    public async Task<byte[]> FetchChunkAsync(int chunk, CancellationToken cancellationToken)
    {
        var (number, offset, bytes) = (index.Chunks[chunk].Frame, index.Chunks[chunk].Offset, index.Chunks[chunk].Bytes);
        var frame = index.Frames[number];
        var (stored, plain) = (new byte[frame.StoredBytes], new byte[frame.PlainBytes]);
        using var codec = new FrameCodec();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await source.ReadRangeAsync(index.Packs[frame.Pack].Id.Digest, frame.Offset, stored, cancellationToken).ConfigureAwait(false);
                CountWire(stored.Length);
                map.DecodeVerified(number, stored, codec, plain);
                trouble.Clear();
                return plain.AsSpan(offset, bytes).ToArray();
            }
            catch (ChunkException e)
            {
                trouble.Corrupt(e.Message);
                await trouble.PauseAsync(attempt, cancellationToken).ConfigureAwait(false);
            }
            catch (BlobSourceException e)
            {
                await trouble.WaitAfterAsync(e, attempt, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Completes when what is on its way now has landed or, after closing, was given up.</summary>
    public Task WhenIdleAsync()
    {
        lock (_gate)
        {
            return Task.WhenAll(_inFlight.Values.Select(flight => flight.Task));
        }
    }

    /// <summary>True: the two lie side by side in one pack and can be asked for in one request.</summary>
    public bool FollowsInPack(int frame, int next) =>
        index.Frames[frame].Pack == index.Frames[next].Pack && index.Frames[frame].Offset + index.Frames[frame].StoredBytes == index.Frames[next].Offset;

    private IEnumerable<List<int>> Runs(List<int> frames)
    {
        var run = new List<int>();
        var bytes = 0;
        foreach (var frame in frames)
        {
            if (run.Count > 0 && (!FollowsInPack(run[^1], frame) || bytes + index.Frames[frame].StoredBytes > MaxRequestBytes))
            {
                yield return run;
                (run, bytes) = ([], 0);
            }

            run.Add(frame);
            bytes += index.Frames[frame].StoredBytes;
        }

        if (run.Count > 0)
        {
            yield return run;
        }
    }

    private async Task FetchRunAsync(List<int> run)
    {
        // Off the caller's thread: it may be the one that serves a whole NBD connection.
        await Task.Yield();
        for (var attempt = 0; run.Count > 0 && !closed.IsCancellationRequested; attempt++)
        {
            try
            {
                await CompareAsync(run).ConfigureAwait(false);
                run = await TryFetchAsync(DropPresent(run)).ConfigureAwait(false);
                if (run.Count > 0)
                {
                    await trouble.PauseAsync(attempt, closed).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (closed.IsCancellationRequested)
            {
            }
            catch (Exception e)
            {
                await trouble.WaitAfterAsync(e, attempt, closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        lock (_gate)
        {
            foreach (var frame in run.Where(frame => _inFlight.ContainsKey(frame)))
            {
                _inFlight.Remove(frame, out var flight);
                flight!.TrySetCanceled(closed);
            }
        }
    }

    /// <returns>The frames that came damaged and must be fetched again.</returns>
    private async Task<List<int>> TryFetchAsync(List<int> run)
    {
        if (run.Count == 0)
        {
            return run;
        }

        var first = index.Frames[run[0]];
        var last = index.Frames[run[^1]];
        // After a corrupt frame the rest of a run need not be adjacent; then frame by frame.
        if (last.Offset + last.StoredBytes - first.Offset > MaxRequestBytes + Limits.MaxFrameStoredBytes || !Enumerable.Range(1, run.Count - 1).All(i => FollowsInPack(run[i - 1], run[i])))
        {
            return [.. await TryFetchAsync([run[0]]).ConfigureAwait(false), .. run.Skip(1)];
        }

        var length = last.Offset + last.StoredBytes - first.Offset;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var pack = index.Packs[first.Pack].Id.Digest;
            var giver = await source.ReadRangeAsync(pack, first.Offset, buffer.AsMemory(0, length), closed).ConfigureAwait(false);
            CountWire(length);
            var damaged = run.FindAll(frame => !TryStore(frame, buffer.AsSpan(index.Frames[frame].Offset - first.Offset, index.Frames[frame].StoredBytes), giver));
            if (damaged.Count > 0)
            {
                giver.Reject(pack);
            }

            return damaged;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool TryStore(int frame, ReadOnlySpan<byte> stored, IBlobSource giver)
    {
        var codec = _codecs.TryTake(out var idle) ? idle : new FrameCodec();
        var plain = ArrayPool<byte>.Shared.Rent(index.Frames[frame].PlainBytes);
        try
        {
            map.DecodeVerified(frame, stored, codec, plain);
            WriteChunks(frame, plain);
        }
        catch (ChunkException e)
        {
            trouble.Corrupt($"{giver.Name} gave wrong bytes: {e.Message}");
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
            _codecs.Add(codec);
        }

        trouble.Clear();
        Land(frame);
        return true;
    }

    /// <summary>Compares what of these frames a power cut has made doubtful. Damage is out of the saved map before its place is written again.</summary>
    /// <returns>How many chunks were damaged.</returns>
    public async Task<int> CompareAsync(IReadOnlyList<int> frames)
    {
        var damaged = 0;
        foreach (var chunk in frames.SelectMany(frame => map.ChunksOf(frame).ToArray()).Where(placement.IsClaimed))
        {
            if (!placement.Compare(chunk))
            {
                damaged++;
                trouble.Corrupt($"Chunk {index.Chunks[chunk].Id} of the image on this disk did not survive the loss of power; it is fetched again.");
            }
        }

        if (damaged > 0)
        {
            await checkpoint.SaveAsync().ConfigureAwait(false);
        }

        return damaged;
    }

    /// <summary>Frames that came another way (a delta, an earlier attempt) need not be fetched.</summary>
    private List<int> DropPresent(List<int> run)
    {
        foreach (var frame in run.Where(frame => !IsWanted(frame)))
        {
            Land(frame);
        }

        return run.FindAll(IsWanted);
    }

    private void Land(int frame)
    {
        lock (_gate)
        {
            if (_inFlight.Remove(frame, out var flight))
            {
                flight.TrySetResult();
            }
        }
    }

    private void WriteChunks(int frame, ReadOnlySpan<byte> plain)
    {
        foreach (var number in map.ChunksOf(frame))
        {
            placement.Write(number, plain.Slice(index.Chunks[number].Offset, index.Chunks[number].Bytes));
        }
    }
}
