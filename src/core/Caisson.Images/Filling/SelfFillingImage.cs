using Caisson.Nbd;

namespace Caisson.Images;

/// <summary>A generation's raw file that fills itself from a source while it is being read.</summary>
public sealed class SelfFillingImage : IBlockDevice, IAsyncDisposable
{
    private SelfFillingImage(string directory) => Directory = directory;

    public string Directory { get; }

    /// <summary>The plain raw file; whole once <see cref="FillStatus.IsComplete"/>.</summary>
    public string ImageFile => Path.Combine(Directory, "image.raw");

    public long SizeBytes => throw new NotSupportedException();

    public bool IsReadOnly => true;

    public FillStatus Status => throw new NotSupportedException();

    /// <summary>
    /// Opens or begins the image in <paramref name="directory"/>. A directory that has its manifest and index needs no source to open.
    /// </summary>
    /// <param name="events">Called on any thread; must not block.</param>
    /// <exception cref="BlobSourceException">A new directory, and the source is away or has no such manifest.</exception>
    /// <exception cref="Chunks.ChunkException">Manifest or index are not what the digest names.</exception>
    public static Task<SelfFillingImage> OpenAsync(string directory, string manifestDigest, IBlobSource source, TimeProvider time, Action<FillEvent>? events, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>
    /// Takes what it can from the image of another generation on this disk and, where the source has one, from the delta between the two;
    /// everything verified, the rest left to <see cref="FillAsync"/>. Safe to repeat after an interruption.
    /// </summary>
    /// <param name="oldImageDirectory">A directory <see cref="OpenAsync"/> made, complete or not, in use or not; only read.</param>
    /// <param name="bytesPerSecond">As for <see cref="FillAsync"/>.</param>
    public Task PrepareFromDeltaAsync(string oldImageDirectory, Func<long?> bytesPerSecond, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Fetches all that is absent; returns when the image is complete and durable.</summary>
    /// <param name="bytesPerSecond">Asked before each request: bytes per second from the source, null for no limit, 0 to pause.</param>
    public Task FillAsync(Func<long?> bytesPerSecond, CancellationToken cancellationToken) => throw new NotSupportedException();

    public bool TryRead(long offset, Span<byte> buffer) => throw new NotSupportedException();

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A generation is read-only.");

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public IReadOnlyList<BlockExtent> GetExtents(long offset, long length) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
