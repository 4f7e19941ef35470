using System.Buffers;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Makes what it can of a new generation from an old one on this disk: first the chunks both have, then the new ones from the delta between
/// the two. Each chunk is verified before it enters the file. What cannot be had this way is left absent, for the filler.
/// </summary>
internal sealed class DeltaPreparation(ImageIndex index, string manifestDigest, SeedImage seed, OfferedDelta? known, ChunkPlacement placement, IBlobSource source, DeltaSpool spool, RateLimit limit, FillTrouble trouble, TimeProvider time, Action<long> countWire)
{
    /// <summary>Units fetched before they are decoded together; one may be larger.</summary>
    private const int RunBytes = 2 * 1024 * 1024;

    // A delta that keeps coming damaged is given up for the packs.
    private const int DamagedLimit = 3;

    /// <summary>Attempts, about a minute, after which a source that is away for the delta is asked whether it is away at all.</summary>
    private const int AwayLimit = 16;

    private readonly RequestPace _pace = new(time);

    /// <summary>Who gave parts of what is being put together; told when it turns out wrong.</summary>
    private readonly HashSet<IBlobSource> _givers = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Run(() => CopyShared(cancellationToken), cancellationToken).ConfigureAwait(false);
        if (Enumerable.Range(0, index.Chunks.Length).Any(placement.IsWanted)
            && await RetryAsync(() => FindAsync(cancellationToken), cancellationToken).ConfigureAwait(false) is { } delta)
        {
            await ApplyUnitsAsync(delta.Blob, delta.Head, cancellationToken).ConfigureAwait(false);
        }

        spool.Drop();
    }

    private void CopyShared(CancellationToken cancellationToken)
    {
        var places = seed.PresentPlaces();
        var buffer = new byte[Limits.MaxChunkBytes];
        var canShare = true;
        for (var number = 0; number < index.Chunks.Length; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var chunk = index.Chunks[number];
            if (!placement.IsWanted(number) || !places.TryGetValue(chunk.Id, out var offset))
            {
                continue;
            }

            var plain = buffer.AsSpan(0, chunk.Bytes);
            if (!seed.TryRead(chunk.Id, offset, plain))
            {
                trouble.Corrupt($"Chunk {chunk.Id} in the old image at byte {offset} is damaged; it is fetched instead.");
                continue;
            }

            canShare = canShare && placement.TryShare(number, seed.File, offset);
            if (!canShare)
            {
                placement.Write(number, plain);
            }
        }
    }

    private async Task<OfferedDelta?> FindAsync(CancellationToken cancellationToken)
    {
        var offered = known ?? await OfferedDelta.FindAsync(source, seed.Manifest.Digest, manifestDigest, index.Encode().Length, spool, (digest, offset, buffer) => ReadSomeAsync(digest, offset, buffer, cancellationToken), cancellationToken).ConfigureAwait(false);
        var fits = offered is null || (offered.Head.TargetIndex == ChunkId.Of(index.Encode()) && offered.Head.BaseContent == ChunkId.Of(seed.Content.Encode()));
        return fits ? offered : throw new ChunkException(ChunkError.Invalid, $"The delta {offered!.Blob.Digest} does not lead from the old image to the new one.");
    }

    private async Task ApplyUnitsAsync(OciDescriptor delta, DeltaHead head, CancellationToken cancellationToken)
    {
        using var target = TryOpen(head);
        if (target is null)
        {
            return;
        }

        var wanted = Enumerable.Range(0, head.Units.Length)
            .Where(unit => target.ChunksOf(unit).ToArray().Any(placement.IsWanted) && seed.Has(head.Units[unit])).ToList();
        foreach (var run in Runs(wanted, head))
        {
            if (await RetryAsync(() => ApplyRunAsync(delta, head, target, run, cancellationToken), cancellationToken).ConfigureAwait(false) is null)
            {
                return;
            }
        }
    }

    private DeltaTarget? TryOpen(DeltaHead head)
    {
        try
        {
            return new DeltaTarget(head, index, seed.Content);
        }
        catch (ChunkException e)
        {
            trouble.Corrupt(e.Message);
            return null;
        }
    }

    private static IEnumerable<List<int>> Runs(List<int> units, DeltaHead head)
    {
        var run = new List<int>();
        foreach (var unit in units)
        {
            if (run.Count > 0 && (unit != run[^1] + 1 || head.Units[unit].Offset + head.Units[unit].StoredBytes - head.Units[run[0]].Offset > RunBytes))
            {
                yield return run;
                run = [];
            }

            run.Add(unit);
        }

        if (run.Count > 0)
        {
            yield return run;
        }
    }

    private async Task<object?> ApplyRunAsync(OciDescriptor delta, DeltaHead head, DeltaTarget target, List<int> run, CancellationToken cancellationToken)
    {
        var start = head.Units[run[0]].Offset;
        var length = (int)(head.Units[run[^1]].Offset + head.Units[run[^1]].StoredBytes - start);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await spool.ReadAsync(spool.Run, delta.Digest, start, buffer.AsMemory(0, length), (offset, part) => ReadSomeAsync(delta.Digest, offset, part, cancellationToken)).ConfigureAwait(false);
            foreach (var unit in run)
            {
                Apply(head, target, unit, buffer.AsSpan((int)(head.Units[unit].Offset - start), head.Units[unit].StoredBytes));
            }

            _givers.Clear();
            return run;
        }
        catch (ChunkException)
        {
            RejectGivers(delta.Digest);
            File.Delete(spool.Run);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A unit whose part of the old image is damaged is left to the filler: that is no fault of who gave the delta.</summary>
    private void Apply(DeltaHead head, DeltaTarget target, int unit, ReadOnlySpan<byte> stored)
    {
        try
        {
            target.Decode(unit, stored, seed.File, placement.Write);
        }
        catch (Exception e) when (e is ChunkException || (e is IOException io && !Posix.IsNoSpace(io)))
        {
            if (seed.IsSound(head.Units[unit]))
            {
                throw;
            }

            trouble.Corrupt("The old image is damaged where the delta refers to it; those chunks are fetched instead.");
        }
    }

    private void RejectGivers(string digest)
    {
        foreach (var giver in _givers)
        {
            giver.Reject(digest);
        }

        _givers.Clear();
    }

    private async Task<int> ReadSomeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var part = buffer[..Math.Min(buffer.Length, limit.LargestRequest(_pace.Bytes))];
        await limit.WaitAsync(part.Length, cancellationToken).ConfigureAwait(false);
        await _pace.RunAsync(async () => _givers.Add(await source.ReadRangeAsync(digest, offset, part, cancellationToken).ConfigureAwait(false))).ConfigureAwait(false);
        countWire(part.Length);
        return part.Length;
    }

    /// <summary>
    /// Again and again while the source is away or the disk full; null when the delta is missing, stays damaged, or is the one thing the source does not
    /// give: the packs do as well, and nothing here may hold them up.
    /// </summary>
    private async Task<T?> RetryAsync<T>(Func<Task<T?>> step, CancellationToken cancellationToken)
    {
        for (var (attempt, damaged) = (0, 0); ; attempt++)
        {
            try
            {
                var result = await step().ConfigureAwait(false);
                trouble.Clear();
                return result;
            }
            catch (BlobSourceException e) when (e.Error == BlobSourceError.Missing)
            {
                return default;
            }
            catch (BlobSourceException e)
            {
                if ((e.Error != BlobSourceError.Away || attempt >= AwayLimit) && await AnswersAsync(cancellationToken).ConfigureAwait(false))
                {
                    trouble.Corrupt($"The delta could not be had, though its generation can: {e.Message}");
                    return default;
                }

                await trouble.WaitAfterAsync(e, attempt, cancellationToken).ConfigureAwait(false);
            }
            catch (ChunkException e)
            {
                trouble.Corrupt(e.Message);
                if (++damaged == DamagedLimit)
                {
                    return default;
                }
            }
            catch (IOException e) when (!Posix.IsNoSpace(e))
            {
                trouble.Corrupt($"The delta could not be used: {e.Message}");
                return default;
            }
            catch (IOException e)
            {
                await trouble.WaitAfterAsync(e, attempt, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Whether the source gives the generation itself.</summary>
    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await source.ReadManifestAsync(manifestDigest, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is BlobSourceException or ChunkException)
        {
            return false;
        }
    }
}
