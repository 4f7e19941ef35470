namespace Caisson.Images;

/// <summary>
/// Generations on disk: an OCI image layout (<c>oci-layout</c>, <c>index.json</c>, <c>blobs/sha256/…</c>). Several processes may read
/// while one writes; whatever is interrupted leaves the store as it was.
/// </summary>
public sealed class ImageStore
{
    private ImageStore(string directory) => Directory = directory;

    public string Directory { get; }

    /// <summary>Opens a store, making an empty one where there is none.</summary>
    public static ImageStore Open(string directory) => throw new NotSupportedException();

    public Task<StoredGeneration> ImportAsync(ImportRequest request, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IReadOnlyList<StoredGeneration> List() => throw new NotSupportedException();

    public StoredGeneration? Find(string name, int number) => throw new NotSupportedException();

    public StoredGeneration? FindByDigest(string manifestDigest) => throw new NotSupportedException();

    /// <summary>Writes the whole disk as a sparse raw file, which appears only when whole.</summary>
    public Task ExportAsync(string manifestDigest, string outFile, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Makes the delta from one generation to another, keeps it as a referrer of the new one, or gives the one that is there.</summary>
    public Task<StoredDelta> CreateDeltaAsync(string baseManifestDigest, string targetManifestDigest, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>The file of a blob or manifest, whether or not it exists.</summary>
    /// <exception cref="Chunks.ChunkException">Invalid: not a digest.</exception>
    public string BlobPath(string digest) => throw new NotSupportedException();

    /// <summary>Takes in a blob whose bytes must hash to <paramref name="digest"/>; a blob that is there already is left alone.</summary>
    /// <exception cref="Chunks.ChunkException">Invalid: other bytes.</exception>
    public Task PutBlobAsync(string digest, Stream content, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Takes in a manifest all of whose blobs are there, and names it <paramref name="name"/>@<paramref name="tag"/> if a tag is given. Returns its digest.</summary>
    /// <exception cref="Chunks.ChunkException">Invalid, or missing: a blob it names is not in the store.</exception>
    public Task<string> PutManifestAsync(ReadOnlyMemory<byte> bytes, string name, string? tag, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Digest behind <c>NAME@TAG</c>; null if there is none.</summary>
    public string? Resolve(string name, string tag) => throw new NotSupportedException();

    /// <summary>Manifests whose subject is <paramref name="digest"/>; the registry's referrers API.</summary>
    public IReadOnlyList<OciDescriptor> ListReferrers(string digest, string? artifactType) => throw new NotSupportedException();
}
