using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// The image's other half: what a power cut made doubtful is compared before it is used, and a complete file is read through again and again.
/// Damage in a file that only this process serves is marked absent and fetched anew; a complete file, which a machine may have open as plain raw, is
/// never written to: a new one takes its place.
/// </summary>
public sealed partial class SelfFillingImage
{
    /// <summary>A scrub stops after so many damaged chunks, so that mending them takes bounded memory.</summary>
    private const int MostDamaged = 64;

    /// <summary>For fetching what a mend needs. Whoever reads several images through must come to the others, too.</summary>
    private static readonly TimeSpan LongestMend = TimeSpan.FromMinutes(5);

    private readonly Lock _caring = new();
    private ImageCare _care;

    /// <summary>When every byte of the complete file was last read and found good by a scrub; null before the first whole pass.</summary>
    public DateTimeOffset? LastScrub => _care.LastPass;

    /// <summary>What of the scrub's pass under way is still to be read, and when it began (null: it has not).</summary>
    public (long BytesLeft, DateTimeOffset? Began) ScrubPass => (_index.DataBytes - BytesBefore(_care.ScrubExtent), _care.PassBegan);

    /// <summary>
    /// Reads the next part of the complete file from the medium, at idle priority, and compares it; goes on where it stood, also after a restart. A part
    /// with damage is read again until it is mended.
    /// </summary>
    /// <param name="bytes">How much to read, at least; a part ends with a chunk.</param>
    /// <returns>What was not as it should be, for <see cref="MendAsync"/>.</returns>
    public async Task<ScrubFindings> ScrubAsync(long bytes, CancellationToken cancellationToken)
    {
        if (!_isComplete)
        {
            return new ScrubFindings([], HasStrays: false);
        }

        var (next, damaged) = await IdleThread.RunAsync(() => ReadThrough(_care.ScrubExtent, bytes, cancellationToken)).ConfigureAwait(false);
        var hasStrays = next == _index.Extents.Length && await IdleThread.RunAsync(() => _disk.HasStrays(_index)).ConfigureAwait(false);
        var found = new ScrubFindings(damaged, hasStrays) { NextExtent = next };
        if (found.IsClean)
        {
            Passed(next);
        }

        return found;
    }

    /// <summary>
    /// Fetches damaged chunks of the complete file and puts a new file with good ones in its place. A machine that has the old file open keeps
    /// it until its next start. Waits some minutes while the source is away; nothing is changed before everything needed is here.
    /// </summary>
    /// <exception cref="IOException">No room for the new file.</exception>
    public async Task MendAsync(ScrubFindings found, CancellationToken cancellationToken)
    {
        if (found.IsClean || !_isComplete)
        {
            return;
        }

        // Cancelled by the caller, by closing the image, or when it takes too long: the next scrub finds the damage again.
        using var late = new CancellationTokenSource(LongestMend, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token, late.Token);
        var good = new Dictionary<int, byte[]>();
        try
        {
            foreach (var chunk in found.DamagedChunks)
            {
                good[chunk] = await _fetcher.FetchChunkAsync(chunk, stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested && !_closed.IsCancellationRequested)
        {
            return;
        }

        var extents = found.DamagedChunks.SelectMany(chunk => _map.ExtentsOf(chunk).ToArray()).ToHashSet();
        await Task.Run(() => Replace(good, extents), _closed.Token).ConfigureAwait(false);
        Passed(found.NextExtent);
        var pieces = found.DamagedChunks.Count + (found.HasStrays ? 1 : 0);
        var many = pieces == 1 ? "One damaged piece of its disk image was" : $"{pieces} damaged pieces of its disk image were";
        _events?.Invoke(new FillEvent.Mended(pieces, $"{many} found by the regular check and replaced in a new file; restart the workspace to use it. If this happens again, the PC's disk is failing: replace it."));
    }

    /// <summary>Everything before this extent was good in the pass under way.</summary>
    private void Passed(int extent)
    {
        var now = _time.GetUtcNow();
        var isDone = extent == _index.Extents.Length;
        Remember(care => care with
        {
            ScrubExtent = isDone ? 0 : extent,
            PassBegan = isDone ? null : care.PassBegan ?? now,
            LastPass = isDone ? now : care.LastPass,
        });
    }

    private void Replace(Dictionary<int, byte[]> good, HashSet<int> extents)
    {
        // A place the medium cannot read would end the copy, so what is replaced is not copied.
        _disk.Replace(_index, Enumerable.Range(0, _index.Extents.Length).Where(extent => !extents.Contains(extent)), file =>
        {
            foreach (var extent in extents)
            {
                RandomAccess.Write(file, good[_index.Extents[extent].Chunk], _index.Extents[extent].Offset);
            }
        });
    }

    private (int Next, IReadOnlyList<int> Damaged) ReadThrough(int extent, long bytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[Limits.MaxChunkBytes];
        var damaged = new HashSet<int>();
        for (; bytes > 0 && extent < _index.Extents.Length && damaged.Count < MostDamaged && !cancellationToken.IsCancellationRequested && !_closed.IsCancellationRequested; extent++)
        {
            var chunk = _index.Extents[extent].Chunk;
            var plain = buffer.AsSpan(0, _index.Chunks[chunk].Bytes);
            bytes -= plain.Length;
            if (!IsGood(chunk, _index.Extents[extent].Offset, plain))
            {
                damaged.Add(chunk);
            }
        }

        return (extent, [.. damaged]);
    }

    private bool IsGood(int chunk, long offset, Span<byte> plain)
    {
        try
        {
            _disk.ReadFromMedium(offset, plain);
            return ChunkId.Of(plain) == _index.Chunks[chunk].Id;
        }
        catch (IOException)
        {
            return false; // A sector that cannot be read any more.
        }
    }

    private async Task CompareClaimsAsync(CancellationToken cancellationToken)
    {
        var bytes = _present.ClaimedBytes;
        var damaged = 0;
        if (bytes > 0)
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, _index.Frames.Length), cancellationToken, async (frame, _) =>
            {
                Interlocked.Add(ref damaged, await _fetcher.CompareAsync([frame]).ConfigureAwait(false));
            }).ConfigureAwait(false);
            _events?.Invoke(new FillEvent.Compared(bytes, damaged));
        }

        if (!_care.IsTrusted)
        {
            await _checkpoint.SaveAsync().ConfigureAwait(false);
            Remember(care => care with { IsTrusted = true });
        }
    }

    /// <summary>Says that the file is as its map says, so that the next boot need not compare it.</summary>
    private void PutAway(bool isDurable)
    {
        if (isDurable && _care.IsTrusted)
        {
            Remember(care => care with { IsPutAway = true });
        }
    }

    private void Remember(Func<ImageCare, ImageCare> change)
    {
        lock (_caring)
        {
            _care = change(_care);
            try
            {
                _care.Save(_files.Care);
            }
            catch (IOException)
            {
                // A full disk. What is not written down is compared or read once more.
            }
        }
    }

    private long BytesBefore(int extent) => Enumerable.Range(0, Math.Min(extent, _index.Extents.Length)).Sum(i => (long)_index.ExtentBytes(i));

    /// <summary>random(4): "a new value at each boot".</summary>
    private static string ThisBoot() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}
