using System.Globalization;
using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Generations on disk: an OCI image layout (<c>oci-layout</c>, <c>index.json</c>, <c>blobs/sha256/…</c>). Several processes may read
/// while one writes; whatever is interrupted leaves the store as it was.
/// </summary>
public sealed class ImageStore
{
    private readonly StoreLayout _layout;

    private ImageStore(StoreLayout layout) => _layout = layout;

    public string Directory => _layout.Directory;

    /// <summary>Opens a store, making an empty one where there is none.</summary>
    /// <exception cref="ImageStoreException">Bad input: the directory holds something else.</exception>
    public static ImageStore Open(string directory) => new(StoreLayout.Open(directory));

    /// <summary>Takes a disk image in as the next generation of its name.</summary>
    /// <exception cref="ImageStoreException">Bad input: not an image that may be imported. No space: the store is as it was.</exception>
    public Task<StoredGeneration> ImportAsync(ImportRequest request, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) =>
        new ImageImport(this, _layout, request, time, progress).RunAsync(cancellationToken);

    /// <summary>All generations, by name and number.</summary>
    /// <exception cref="ImageStoreException">Damaged.</exception>
    /// <exception cref="ChunkException">A manifest or what it says of itself is damaged or missing.</exception>
    public IReadOnlyList<StoredGeneration> List() =>
        [.. _layout.ReadIndex().Manifests
            .Where(entry => entry.ArtifactType == MediaTypes.Generation)
            .DistinctBy(entry => entry.Digest)
            .Select(entry => FindListed(entry.Digest)!)
            .OrderBy(generation => generation.Name, StringComparer.Ordinal).ThenBy(generation => generation.Number)];

    public StoredGeneration? Find(string name, int number) =>
        Resolve(name, number.ToString(CultureInfo.InvariantCulture)) is { } digest ? FindListed(digest) : null;

    /// <summary>The generation with this manifest; null if the store has none, or the manifest is of another kind.</summary>
    public StoredGeneration? FindByDigest(string manifestDigest)
    {
        if (!File.Exists(BlobPath(manifestDigest)) || ReadManifest(manifestDigest) is not { ArtifactType: MediaTypes.Generation } manifest)
        {
            return null;
        }

        return Describe(ReadConfig(manifest), manifestDigest);
    }

    /// <summary>Writes the whole disk as a sparse raw file, which appears only when whole; what had its name is replaced.</summary>
    /// <exception cref="ImageStoreException">Damaged: a chunk is missing or wrong. No space.</exception>
    public Task ExportAsync(string manifestDigest, string outFile, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) =>
        new ImageExport(this, time, progress).RunAsync(manifestDigest, outFile, cancellationToken);

    /// <summary>Makes the delta from one generation to another, keeps it as a referrer of the new one, or gives the one that is there.</summary>
    public Task<StoredDelta> CreateDeltaAsync(string baseManifestDigest, string targetManifestDigest, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) =>
        new StoredDeltas(this, _layout, time, progress).GetAsync(baseManifestDigest, targetManifestDigest, cancellationToken);

    /// <summary>Copies a blob to a file, which appears only when whole.</summary>
    /// <exception cref="ImageStoreException">No space.</exception>
    public async Task ExportBlobAsync(string digest, string outFile, CancellationToken cancellationToken)
    {
        var part = WholeFile.PartName(outFile);
        try
        {
            await using (var blob = File.OpenRead(BlobPath(digest)))
            {
                await WritePartAsync(part, blob, cancellationToken).ConfigureAwait(false);
            }

            WholeFile.Publish(part, outFile);
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            throw new ImageStoreException(ImageStoreError.NoSpace, $"The disk that holds {outFile} is full. Nothing was left there; free some space and try again.", e);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Reads every byte of every generation and delta and compares it with its digest. Changes nothing.</summary>
    /// <exception cref="ImageStoreException">Damaged: index.json itself cannot be read.</exception>
    public Task<StoreCheckResult> CheckAsync(TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) =>
        new StoreCheck(this, _layout, time, progress).RunAsync(cancellationToken);

    /// <summary>The file of a blob or manifest, whether or not it exists.</summary>
    /// <exception cref="ChunkException">Invalid: not a digest.</exception>
    public string BlobPath(string digest) => _layout.BlobPath(digest);

    /// <exception cref="ChunkException">Missing or invalid.</exception>
    public OciManifest ReadManifest(string digest) => OciManifest.Parse(_layout.ReadSmallBlob(digest, Limits.MaxManifestBytes), digest);

    /// <summary>The index of a generation.</summary>
    /// <exception cref="ChunkException">Missing or invalid.</exception>
    public ImageIndex ReadIndex(string manifestDigest)
    {
        var descriptor = ReadManifest(manifestDigest).IndexLayer();
        return ImageIndex.Decode(_layout.ReadSmallBlob(descriptor.Digest, Limits.MaxIndexBytes));
    }

    /// <summary>Takes in a blob whose bytes must hash to <paramref name="digest"/>; a blob that is there already is left alone.</summary>
    /// <exception cref="ChunkException">Invalid: other bytes.</exception>
    public async Task PutBlobAsync(string digest, Stream content, CancellationToken cancellationToken)
    {
        var path = BlobPath(digest);
        if (File.Exists(path))
        {
            return;
        }

        var part = _layout.NewTempFile();
        try
        {
            if (await WritePartAsync(part, content, cancellationToken).ConfigureAwait(false) != digest)
            {
                throw new ChunkException(ChunkError.Invalid, $"The bytes sent for {digest} have another hash; send them again.");
            }

            WholeFile.Publish(part, path);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Takes in a manifest all of whose blobs are there, and names it <paramref name="name"/>@<paramref name="tag"/> if a tag is given. Returns its digest.</summary>
    /// <exception cref="ChunkException">Invalid, or missing: a blob it names is not in the store.</exception>
    public async Task<string> PutManifestAsync(ReadOnlyMemory<byte> bytes, string name, string? tag, CancellationToken cancellationToken)
    {
        using var added = new AddedBlobs(_layout);
        return await PutManifestAsync(bytes, name, tag, added, cancellationToken).ConfigureAwait(false);
    }

    /// <param name="added">Kept from the moment index.json may name them.</param>
    internal async Task<string> PutManifestAsync(ReadOnlyMemory<byte> bytes, string name, string? tag, AddedBlobs added, CancellationToken cancellationToken)
    {
        var manifest = OciManifest.Parse(bytes.Span);
        if (manifest.Layers.Prepend(manifest.Config).FirstOrDefault(blob => !File.Exists(BlobPath(blob.Digest))) is { } missing)
        {
            throw new ChunkException(ChunkError.Missing, $"The manifest names {missing.Digest}, which is not in the store; push its blobs first.");
        }

        Posix.SyncDirectory(_layout.BlobDirectory);
        var entry = added.Write(bytes.Span, MediaTypes.OciManifest) with
        {
            ArtifactType = manifest.ArtifactType,
            Annotations = RefAnnotations(name, tag),
        };
        await _layout.UpdateIndexAsync(index => index with { Manifests = [.. index.Manifests.Where(known => !IsReplacedBy(known, entry)), entry] }, added.Keep, cancellationToken).ConfigureAwait(false);
        return entry.Digest;
    }

    /// <summary>Digest behind <c>NAME@TAG</c>; null if there is none.</summary>
    public string? Resolve(string name, string tag) =>
        _layout.ReadIndex().Manifests.FirstOrDefault(entry => RefName(entry) == $"{name}@{tag}")?.Digest;

    /// <summary>Manifests whose subject is <paramref name="digest"/>; the registry's referrers API.</summary>
    public IReadOnlyList<OciDescriptor> ListReferrers(string digest, string? artifactType)
    {
        var found = new List<OciDescriptor>();
        foreach (var entry in _layout.ReadIndex().Manifests.Where(entry => artifactType is null || entry.ArtifactType == artifactType))
        {
            var manifest = ReadManifest(entry.Digest);
            if (manifest.Subject?.Digest == digest)
            {
                found.Add(entry with { Annotations = manifest.Annotations });
            }
        }

        return found;
    }

    internal static StoredGeneration Describe(GenerationConfig config, string manifestDigest) => new()
    {
        Name = config.Name,
        Number = config.Number,
        ManifestDigest = manifestDigest,
        ImageBytes = config.ImageBytes,
        StoredBytes = config.StoredBytes,
        ChunkCount = config.ChunkCount,
    };

    /// <summary>What index.json names must be there.</summary>
    private StoredGeneration? FindListed(string digest) => File.Exists(BlobPath(digest))
        ? FindByDigest(digest)
        : throw new ImageStoreException(ImageStoreError.Damaged, $"The manifest {digest} is missing, which index.json names. Import or pull the image again.");

    private GenerationConfig ReadConfig(OciManifest manifest)
    {
        try
        {
            var config = JsonSerializer.Deserialize(_layout.ReadSmallBlob(manifest.Config.Digest, Limits.MaxManifestBytes), OciJson.Default.GenerationConfig);
            return config is { Name: not null } ? config : throw new JsonException();
        }
        catch (JsonException e)
        {
            throw new ChunkException(ChunkError.Invalid, $"The blob {manifest.Config.Digest} does not describe a generation.", e);
        }
    }

    private static Dictionary<string, string>? RefAnnotations(string name, string? tag) =>
        tag is null ? null : new(StringComparer.Ordinal) { [MediaTypes.RefNameAnnotation] = $"{name}@{tag}" };

    private static string? RefName(OciDescriptor entry) => entry.Annotations?.GetValueOrDefault(MediaTypes.RefNameAnnotation);

    // A tag moves to its new manifest; the same manifest without a tag is listed once.
    private static bool IsReplacedBy(OciDescriptor known, OciDescriptor entry) =>
        RefName(entry) is { } name ? RefName(known) == name : known.Digest == entry.Digest && RefName(known) is null;

    private static async Task<string> WritePartAsync(string part, Stream content, CancellationToken cancellationToken)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        await using var file = new FileStream(part, FileMode.CreateNew, FileAccess.Write);
        var buffer = new byte[128 * 1024];
        int got;
        while ((got = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            hash.AppendData(buffer, 0, got);
            await file.WriteAsync(buffer.AsMemory(0, got), cancellationToken).ConfigureAwait(false);
        }

        file.Flush(flushToDisk: true);
        return new ChunkId(hash.GetHashAndReset()).Digest;
    }
}
