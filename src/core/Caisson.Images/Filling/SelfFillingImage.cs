using Caisson.Chunks;
using Caisson.Nbd;

namespace Caisson.Images;

/// <summary>
/// A generation's raw file that fills itself from a source while it is being read.
/// </summary>
/// <remarks>
/// A read of bytes that are here is a plain read of the file. A read of absent bytes fetches their frames first, ahead of the filler and
/// never held by its rate limit; it waits for as long as it takes. Every byte is verified before it enters the file. Every two seconds what
/// has come is made durable, and only then the presence map says so: a power cut costs the last seconds of filling, never a wrong byte.
/// One process at a time.
/// </remarks>
public sealed partial class SelfFillingImage : IBlockDevice, IAsyncDisposable
{
    private const int HeadRequestBytes = 256 * 1024;

    private static readonly TimeSpan CheckpointPeriod = TimeSpan.FromSeconds(2);

    private readonly ImageFiles _files;
    private readonly FileStream _lock;
    private readonly ChunkId _manifest;
    private readonly ImageIndex _index;
    private readonly PresenceMap _present;
    private readonly ImageDisk _disk;
    private readonly IBlobSource _source;
    private readonly FrameMap _map;
    private readonly ChunkPlacement _placement;
    private readonly FrameFetcher _fetcher;
    private readonly FillTrouble _trouble;
    private readonly DemandGate _demand = new();
    private readonly ReadAhead _ahead = new();
    private readonly TimeProvider _time;
    private readonly Action<FillEvent>? _events;
    private readonly CancellationTokenSource _closed = new();
    private readonly Checkpoint _checkpoint;
    private readonly Task _checkpoints;
    private volatile FirstTouches? _touches;
    private OfferedDelta? _delta;
    private bool _isCheckpointLate;
    private volatile bool _isComplete;

    private SelfFillingImage(string directory, ImageFiles files, FileStream held, ChunkId manifest, ImageIndex index, IBlobSource source, string boot, TimeProvider time, Action<FillEvent>? events)
    {
        Directory = directory;
        _source = source;
        (_files, _lock, _manifest, _index, _time, _events) = (files, held, manifest, index, time, events);
        _present = new PresenceMap(index);
        var left = ImageCare.TryLoad(files.Care);
        var isTrusted = ImageCare.MayTrust(left, boot);
        _care = new ImageCare { Boot = boot, IsTrusted = isTrusted, ScrubExtent = Math.Clamp(left?.ScrubExtent ?? 0, 0, index.Extents.Length), PassBegan = left?.PassBegan, LastPass = left?.LastPass };
        _care.Begin(files.Care, left);
        _disk = ImageDisk.Open(files, manifest, index, _present, isTrusted);
        if (!isTrusted && _present.ClaimedBytes == 0)
        {
            Remember(care => care with { IsTrusted = true });
        }

        _isComplete = _present.IsFull;
        _touches = _isComplete || index.ImageBytes > LargestProfiledImage ? null : new FirstTouches(index.ImageBytes);
        _trouble = new FillTrouble(time, events);
        _map = new FrameMap(index);
        _placement = new ChunkPlacement(index, _map, _present, _disk);
        _checkpoint = new Checkpoint(_present, _disk, manifest);
        _fetcher = new FrameFetcher(index, _map, _placement, source, _trouble, _checkpoint, _closed.Token);
        _checkpoints = Task.Run(CheckpointLoopAsync);
    }

    public string Directory { get; }

    /// <summary>The plain raw file; whole once <see cref="FillStatus.IsComplete"/>.</summary>
    public string ImageFile => _files.Image;

    public long SizeBytes => _index.ImageBytes;

    public bool IsReadOnly => true;

    public FillStatus Status => new()
    {
        PresentBytes = _present.PresentBytes + _present.ClaimedBytes,
        UncheckedBytes = _present.ClaimedBytes,
        ImageBytes = _index.DataBytes,
        WireBytes = _fetcher.WireBytes,
        IsComplete = _isComplete,
        Problem = _trouble.Problem,
    };

    /// <summary>
    /// Opens or begins the image in <paramref name="directory"/>. A directory that has its manifest and index needs no source to open.
    /// </summary>
    /// <param name="events">Called on any thread; must not block.</param>
    /// <exception cref="BlobSourceException">A new directory, and the source is away or has no such manifest.</exception>
    /// <exception cref="ChunkException">Manifest or index are not what the digest names.</exception>
    /// <exception cref="IOException">The directory is in use by another process, or cannot be written.</exception>
    public static Task<SelfFillingImage> OpenAsync(string directory, string manifestDigest, IBlobSource source, TimeProvider time, Action<FillEvent>? events, CancellationToken cancellationToken) =>
        OpenAsync(directory, manifestDigest, source, null, time, events, cancellationToken);

    /// <inheritdoc cref="OpenAsync(string, string, IBlobSource, TimeProvider, Action{FillEvent}?, CancellationToken)"/>
    /// <param name="seedDirectory">The image <see cref="PrepareFromDeltaAsync"/> will be given: where there is a delta from it, the index comes out of the delta too.</param>
    public static Task<SelfFillingImage> OpenAsync(string directory, string manifestDigest, IBlobSource source, string? seedDirectory, TimeProvider time, Action<FillEvent>? events, CancellationToken cancellationToken) =>
        OpenAsync(directory, manifestDigest, source, seedDirectory, ThisBoot(), time, events, cancellationToken);

    /// <param name="boot">The kernel's boot id: another one than the last time is a PC that was switched off, or whose power went.</param>
    internal static async Task<SelfFillingImage> OpenAsync(string directory, string manifestDigest, IBlobSource source, string? seedDirectory, string boot, TimeProvider time, Action<FillEvent>? events, CancellationToken cancellationToken)
    {
        var manifest = ChunkId.ParseDigest(manifestDigest);
        System.IO.Directory.CreateDirectory(directory);
        var files = new ImageFiles(directory);
        var held = new FileStream(files.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            OfferedDelta? delta = null;
            var index = await files.LoadAsync(manifestDigest, source, MakeIndexAsync, cancellationToken).ConfigureAwait(false);
            return new SelfFillingImage(directory, files, held, manifest, index, source, boot, time, events) { _delta = delta };

            async Task<byte[]?> MakeIndexAsync(long bytes)
            {
                using var seed = seedDirectory is null ? null : SeedImage.TryOpen(seedDirectory);
                delta = seed is null ? null : await TryFindDeltaAsync(seed, source, manifestDigest, bytes, new DeltaSpool(directory, time), cancellationToken).ConfigureAwait(false);
                return delta?.Head.DecodeIndex(seed!.Content.Encode(), bytes);
            }
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Takes what it can from the image of another generation on this disk and, where the source has one, from the delta between the two;
    /// everything verified, the rest left to <see cref="FillAsync"/>. Safe to repeat after an interruption.
    /// </summary>
    /// <param name="oldImageDirectory">A directory <see cref="OpenAsync"/> made, complete or not, in use or not; only read.</param>
    /// <param name="bytesPerSecond">As for <see cref="FillAsync"/>.</param>
    public async Task PrepareFromDeltaAsync(string oldImageDirectory, Func<long?> bytesPerSecond, CancellationToken cancellationToken)
    {
        using var seed = SeedImage.TryOpen(oldImageDirectory);
        var spool = new DeltaSpool(Directory, _time);
        if (seed is null || _isComplete)
        {
            spool.Drop();
            return;
        }

        // Cancelled by the caller, or by closing the image.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
        await CompareClaimsAsync(stop.Token).ConfigureAwait(false);
        var limit = new RateLimit(bytesPerSecond, _time);
        await new DeltaPreparation(_index, _manifest.Digest, seed, _delta, _placement, _source, spool, limit, _trouble, _time, _fetcher.CountWire).RunAsync(stop.Token).ConfigureAwait(false);
        _delta = null;
        await TryCheckpointAsync().ConfigureAwait(false);
    }

    /// <summary>Fetches all that is absent; returns when the image is complete and durable.</summary>
    /// <param name="bytesPerSecond">Asked before each request: bytes per second from the source, null for no limit, 0 to pause.</param>
    /// <param name="cancellationToken">Ends the filling, not the image.</param>
    public Task FillAsync(Func<long?> bytesPerSecond, CancellationToken cancellationToken) =>
        FillAsync(new FillOptions { BytesPerSecond = bytesPerSecond }, cancellationToken);

    /// <inheritdoc cref="FillAsync(Func{long?}, CancellationToken)"/>
    /// <remarks>What a power cut made doubtful is compared first, then other images on this disk are asked, then the source.</remarks>
    public async Task FillAsync(FillOptions options, CancellationToken cancellationToken)
    {
        // Cancelled by the caller, or by closing the image.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
        await CompareClaimsAsync(stop.Token).ConfigureAwait(false);
        if (!_present.IsFull)
        {
            await Task.Run(() => new SeedCopy(_index, _placement, _trouble).Run(options.Seeds, stop.Token), stop.Token).ConfigureAwait(false);
            var first = (await FindProfileAsync(options.Seeds, stop.Token).ConfigureAwait(false))?.FramesIn(_index) ?? [];
            var filler = new Filler(_index, _fetcher, _demand, new RateLimit(options.BytesPerSecond, _time), options.IsRestHeld, _time);
            await filler.RunAsync(first, stop.Token).ConfigureAwait(false);
        }

        for (var attempt = 0; !_isComplete; attempt++)
        {
            if (!await TryCheckpointAsync().ConfigureAwait(false))
            {
                await _trouble.PauseAsync(attempt, stop.Token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Bytes this image will still take on the disk until it is complete; what another image has counts only where it cannot be shared.</summary>
    /// <param name="seeds">As for <see cref="FillOptions.Seeds"/>.</param>
    public long BytesToAllocate(IReadOnlyList<string> seeds)
    {
        var absent = _index.DataBytes - _present.PresentBytes - _present.ClaimedBytes;
        if (absent == 0 || !_files.CanShare())
        {
            return absent;
        }

        var wanted = Enumerable.Range(0, _index.Chunks.Length).Where(_placement.IsWanted)
            .ToDictionary(chunk => _index.Chunks[chunk].Id, chunk => (long)_index.Chunks[chunk].Bytes * _map.ExtentsOf(chunk).Length);
        foreach (var directory in seeds)
        {
            using var seed = SeedImage.TryOpen(directory);
            foreach (var entry in seed?.PresentEntries() ?? [])
            {
                absent -= wanted.Remove(entry.Id, out var bytes) ? bytes : 0;
            }
        }

        return Math.Max(absent, 0);
    }

    public bool TryRead(long offset, Span<byte> buffer)
    {
        if (buffer.Length > 0 && !_present.IsPresent(offset, buffer.Length))
        {
            return false;
        }

        _touches?.Add(offset, buffer.Length);
        _disk.Read(offset, buffer);
        return true;
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (TryRead(offset, buffer.Span))
        {
            return;
        }

        _touches?.Add(offset, buffer.Length);
        using (_demand.Enter())
        {
            var frames = FramesOf(offset, buffer.Length);
            var read = _fetcher.EnsureAsync(frames);
            FetchAhead(frames);
            await read.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        _disk.Read(offset, buffer.Span);
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A generation is read-only.");

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public IReadOnlyList<BlockExtent> GetExtents(long offset, long length) => DiskExtents.Of(_index, offset, length);

    public async ValueTask DisposeAsync()
    {
        if (_closed.IsCancellationRequested)
        {
            return;
        }

        await _closed.CancelAsync().ConfigureAwait(false);
        await _fetcher.WhenIdleAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _checkpoints.ConfigureAwait(false);
        PutAway(await TryCheckpointAsync().ConfigureAwait(false));
        _disk.Dispose();
        await _lock.DisposeAsync().ConfigureAwait(false);
        _checkpoint.Dispose();
        _closed.Dispose();
    }

    /// <summary>No delta, or one that is of no use, is no reason not to open: the index is fetched then.</summary>
    private static async Task<OfferedDelta?> TryFindDeltaAsync(SeedImage seed, IBlobSource source, string manifestDigest, long indexBytes, DeltaSpool spool, CancellationToken cancellationToken)
    {
        try
        {
            var delta = await OfferedDelta.FindAsync(source, seed.Manifest.Digest, manifestDigest, indexBytes, spool, ReadSomeAsync, cancellationToken).ConfigureAwait(false);
            return delta is not null && delta.Head.BaseContent == ChunkId.Of(seed.Content.Encode()) && ImageIndex.Decode(delta.Head.DecodeIndex(seed.Content.Encode(), indexBytes)) is not null ? delta : null;
        }
        catch (Exception e) when (e is ChunkException or BlobSourceException)
        {
            return null;
        }

        async Task<int> ReadSomeAsync(string digest, long offset, Memory<byte> buffer)
        {
            var part = buffer[..Math.Min(buffer.Length, HeadRequestBytes)];
            await source.ReadRangeAsync(digest, offset, part, cancellationToken).ConfigureAwait(false);
            return part.Length;
        }
    }

    /// <summary>Requests of their own, beside the one that somebody waits for.</summary>
    private void FetchAhead(List<int> missed)
    {
        if (missed.Count > 0 && _ahead.Missed(missed[0], missed[^1]) is > 0 and var count)
        {
            _ = _fetcher.EnsureAsync([.. Enumerable.Range(missed[^1] + 1, Math.Min(count, _index.Frames.Length - missed[^1] - 1))]);
        }
    }

    private List<int> FramesOf(long offset, int length) =>
        [.. new SortedSet<int>(_index.ExtentsIn(offset, length).Where(extent => !_present.HasExtent(extent)).Select(extent => _index.Chunks[_index.Extents[extent].Chunk].Frame))];

    private async Task CheckpointLoopAsync()
    {
        using var timer = new PeriodicTimer(CheckpointPeriod, _time);
        while (!_closed.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(_closed.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await TryCheckpointAsync().ConfigureAwait(false);
        }
    }

    /// <summary>False: the disk does not take it now.</summary>
    private async Task<bool> TryCheckpointAsync()
    {
        try
        {
            var durable = await _checkpoint.SaveAsync().ConfigureAwait(false);
            if (_isCheckpointLate)
            {
                _isCheckpointLate = false;
                _trouble.Clear();
            }

            if (!_isComplete && durable == _index.DataBytes)
            {
                _isComplete = true;
                _events?.Invoke(new FillEvent.Completed(_fetcher.WireBytes));
            }

            return true;
        }
        catch (IOException e)
        {
            _isCheckpointLate = true;
            _trouble.Report(e, CheckpointPeriod);
            return false;
        }
    }
}
