using Caisson.Chunks;
using Caisson.Nbd;
using Microsoft.Win32.SafeHandles;

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
public sealed class SelfFillingImage : IBlockDevice, IAsyncDisposable
{
    private const int HeadRequestBytes = 256 * 1024;

    private static readonly TimeSpan CheckpointPeriod = TimeSpan.FromSeconds(2);

    private readonly ImageFiles _files;
    private readonly FileStream _lock;
    private readonly ChunkId _manifest;
    private readonly ImageIndex _index;
    private readonly PresenceMap _present;
    private readonly SafeFileHandle _image;
    private readonly IBlobSource _source;
    private readonly ChunkPlacement _placement;
    private readonly FrameFetcher _fetcher;
    private readonly FillTrouble _trouble;
    private readonly DemandGate _demand = new();
    private readonly TimeProvider _time;
    private readonly Action<FillEvent>? _events;
    private readonly CancellationTokenSource _closed = new();
    private readonly SemaphoreSlim _checkpointing = new(1);
    private readonly Task _checkpoints;
    private OfferedDelta? _delta;
    private long _savedBytes;
    private bool _isCheckpointLate;
    private volatile bool _isComplete;

    private SelfFillingImage(string directory, ImageFiles files, FileStream held, ChunkId manifest, ImageIndex index, IBlobSource source, TimeProvider time, Action<FillEvent>? events)
    {
        Directory = directory;
        _source = source;
        (_files, _lock, _manifest, _index, _time, _events) = (files, held, manifest, index, time, events);
        _present = new PresenceMap(index);
        _image = OpenImage(files, manifest, index, _present);
        _savedBytes = _present.PresentBytes;
        _isComplete = _present.IsFull;
        _trouble = new FillTrouble(time, events);
        var map = new FrameMap(index);
        _placement = new ChunkPlacement(index, map, _present, _image);
        _fetcher = new FrameFetcher(index, map, _placement, source, _trouble, _closed.Token);
        _checkpoints = Task.Run(CheckpointLoopAsync);
    }

    public string Directory { get; }

    /// <summary>The plain raw file; whole once <see cref="FillStatus.IsComplete"/>.</summary>
    public string ImageFile => _files.Image;

    public long SizeBytes => _index.ImageBytes;

    public bool IsReadOnly => true;

    public FillStatus Status => new()
    {
        PresentBytes = _present.PresentBytes,
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
    public static async Task<SelfFillingImage> OpenAsync(string directory, string manifestDigest, IBlobSource source, string? seedDirectory, TimeProvider time, Action<FillEvent>? events, CancellationToken cancellationToken)
    {
        var manifest = ChunkId.ParseDigest(manifestDigest);
        System.IO.Directory.CreateDirectory(directory);
        var files = new ImageFiles(directory);
        var held = new FileStream(files.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            OfferedDelta? delta = null;
            var index = await files.LoadAsync(manifestDigest, source, MakeIndexAsync, cancellationToken).ConfigureAwait(false);
            return new SelfFillingImage(directory, files, held, manifest, index, source, time, events) { _delta = delta };

            async Task<byte[]?> MakeIndexAsync()
            {
                using var seed = seedDirectory is null ? null : SeedImage.TryOpen(seedDirectory);
                delta = seed is null ? null : await TryFindDeltaAsync(seed, source, manifestDigest, new DeltaSpool(directory, time), cancellationToken).ConfigureAwait(false);
                return delta?.Head.DecodeIndex(seed!.Content.Encode());
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
        var limit = new RateLimit(bytesPerSecond, _time);
        await new DeltaPreparation(_index, _manifest.Digest, seed, _delta, _placement, _source, spool, limit, _trouble, _time, _fetcher.CountWire).RunAsync(stop.Token).ConfigureAwait(false);
        _delta = null;
        await TryCheckpointAsync().ConfigureAwait(false);
    }

    /// <summary>Fetches all that is absent; returns when the image is complete and durable.</summary>
    /// <param name="bytesPerSecond">Asked before each request: bytes per second from the source, null for no limit, 0 to pause.</param>
    public async Task FillAsync(Func<long?> bytesPerSecond, CancellationToken cancellationToken)
    {
        // Cancelled by the caller, or by closing the image.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
        await new Filler(_index, _fetcher, _demand, new RateLimit(bytesPerSecond, _time)).RunAsync(stop.Token).ConfigureAwait(false);
        for (var attempt = 0; !_isComplete; attempt++)
        {
            if (!await TryCheckpointAsync().ConfigureAwait(false))
            {
                await _trouble.PauseAsync(attempt, stop.Token).ConfigureAwait(false);
            }
        }
    }

    public bool TryRead(long offset, Span<byte> buffer)
    {
        if (buffer.Length > 0 && !_present.IsPresent(offset, buffer.Length))
        {
            return false;
        }

        ReadFile(offset, buffer);
        return true;
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (TryRead(offset, buffer.Span))
        {
            return;
        }

        using (_demand.Enter())
        {
            await _fetcher.EnsureAsync(FramesOf(offset, buffer.Length)).WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        ReadFile(offset, buffer.Span);
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
        await TryCheckpointAsync().ConfigureAwait(false);
        _image.Dispose();
        await _lock.DisposeAsync().ConfigureAwait(false);
        _checkpointing.Dispose();
        _closed.Dispose();
    }

    /// <summary>No delta, or one that is of no use, is no reason not to open: the index is fetched then.</summary>
    private static async Task<OfferedDelta?> TryFindDeltaAsync(SeedImage seed, IBlobSource source, string manifestDigest, DeltaSpool spool, CancellationToken cancellationToken)
    {
        try
        {
            var delta = await OfferedDelta.FindAsync(source, seed.Manifest.Digest, manifestDigest, spool, ReadSomeAsync, cancellationToken).ConfigureAwait(false);
            return delta is not null && delta.Head.BaseContent == ChunkId.Of(seed.Content.Encode()) && ImageIndex.Decode(delta.Head.DecodeIndex(seed.Content.Encode())) is not null ? delta : null;
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

    private static SafeFileHandle OpenImage(ImageFiles files, ChunkId manifest, ImageIndex index, PresenceMap present)
    {
        // A file without a map that fits may be of another image, whose bytes would lie in our holes: begin anew.
        var isOurs = File.Exists(files.Image) && new FileInfo(files.Image).Length == index.ImageBytes
            && File.Exists(files.Present) && present.TryLoad(File.ReadAllBytes(files.Present), manifest);
        var image = File.OpenHandle(files.Image, isOurs ? FileMode.Open : FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (!isOurs)
        {
            RandomAccess.SetLength(image, index.ImageBytes);
            WholeFile.Write(files.Present, present.Encode(manifest));
        }

        return image;
    }

    private List<int> FramesOf(long offset, int length)
    {
        var frames = new SortedSet<int>();
        for (var extent = _index.FirstExtentEndingAfter(offset); extent < _index.Extents.Length && _index.Extents[extent].Offset < offset + length; extent++)
        {
            if (!_present.HasExtent(extent))
            {
                frames.Add(_index.Chunks[_index.Extents[extent].Chunk].Frame);
            }
        }

        return [.. frames];
    }

    private void ReadFile(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var got = RandomAccess.Read(_image, buffer, offset);
            if (got == 0)
            {
                throw new IOException($"{ImageFile} is shorter than its image; something else has cut it.");
            }

            buffer = buffer[got..];
            offset += got;
        }
    }

    private async Task CheckpointLoopAsync()
    {
        using var timer = new PeriodicTimer(CheckpointPeriod, _time);
        while (!_isComplete && !_closed.IsCancellationRequested)
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

    /// <summary>Makes durable what has come, then says so in the map. False: the disk does not take it now.</summary>
    private async Task<bool> TryCheckpointAsync()
    {
        await _checkpointing.WaitAsync().ConfigureAwait(false);
        try
        {
            var present = _present.PresentBytes;
            if (present != _savedBytes)
            {
                // The bits as they were before the sync: what is marked during it may not be durable.
                var map = _present.Encode(_manifest);
                Posix.SyncData(_image);
                WholeFile.Write(_files.Present, map);
                _savedBytes = present;
            }

            if (_isCheckpointLate)
            {
                _isCheckpointLate = false;
                _trouble.Clear();
            }

            if (!_isComplete && present == _index.DataBytes)
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
        finally
        {
            _checkpointing.Release();
        }
    }
}
