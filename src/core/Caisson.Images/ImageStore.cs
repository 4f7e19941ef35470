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

    /// <summary>Told, in a sentence, what an operator should know though the work goes on.</summary>
    public Action<string>? Warned { get; set; }

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
            .Select(entry => FindListed(entry.Digest))
            .OfType<StoredGeneration>()
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
    public async Task ExportAsync(string manifestDigest, string outFile, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        using var lease = await LeaseAsync(manifestDigest, cancellationToken).ConfigureAwait(false);
        await new ImageExport(this, time, progress).RunAsync(manifestDigest, outFile, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes the delta from one generation to another, keeps it as a referrer of the new one, or gives the one that is there.</summary>
    public Task<StoredDelta> CreateDeltaAsync(string baseManifestDigest, string targetManifestDigest, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) =>
        CreateDeltaAsync(baseManifestDigest, targetManifestDigest, new DeltaOptions(), time, progress, cancellationToken);

    /// <inheritdoc cref="CreateDeltaAsync(string, string, TimeProvider, IProgress{ImageProgress}?, CancellationToken)"/>
    /// <remarks>A fast delta gives way to a small one when that is asked for.</remarks>
    public Task<StoredDelta> CreateDeltaAsync(string baseManifestDigest, string targetManifestDigest, DeltaOptions options, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) =>
        new StoredDeltas(this, _layout, options, time, progress).GetAsync(baseManifestDigest, targetManifestDigest, cancellationToken);

    /// <summary>The delta between two generations, if the store has one.</summary>
    public StoredDelta? FindDelta(string baseManifestDigest, string targetManifestDigest) => StoredDeltas.Find(this, baseManifestDigest, targetManifestDigest);

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
    public async Task<StoreCheckResult> CheckAsync(TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        using var lease = await LeaseAsync(() => [.. _layout.ReadIndex().Manifests.Select(entry => entry.Digest)], cancellationToken).ConfigureAwait(false);
        return await new StoreCheck(this, _layout, time, progress).RunAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts what is damaged or missing back from other sources, each blob in a new file that takes its name when verified.</summary>
    /// <param name="sources">Asked in this order.</param>
    /// <param name="expectedManifests">Digests that must be here, whether or not index.json names them.</param>
    public Task<RepairResult> RepairAsync(IReadOnlyList<IBlobSource> sources, IReadOnlyList<string> expectedManifests, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) =>
        new StoreRepair(this, _layout, sources, time, progress).RunAsync(expectedManifests, cancellationToken);

    /// <summary>Takes a generation and its deltas out of the store's list; <see cref="CollectGarbageAsync"/> frees the space. False: there is none of that name.</summary>
    public Task<bool> RemoveAsync(string name, int number, CancellationToken cancellationToken) =>
        new GenerationRemoval(this, _layout).RunAsync(string.Create(CultureInfo.InvariantCulture, $"{name}@{number}"), cancellationToken);

    /// <summary>Takes away what nothing names, nobody reads and nobody pushes. Waits for a running import or delta.</summary>
    /// <exception cref="ImageStoreException">Damaged: nobody can tell what is needed; nothing was taken away.</exception>
    public Task<GarbageResult> CollectGarbageAsync(bool isDry, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) =>
        new GarbageCollection(this, _layout, time, progress).RunAsync(isDry, cancellationToken);

    /// <summary>Whether a pusher may rely on a blob's being here. Yes also keeps it from garbage collection for a day, or until a manifest names it.</summary>
    public bool HoldForPush(string digest, TimeProvider time)
    {
        new PushMarks(_layout).Make(digest, time.GetUtcNow());
        return File.Exists(BlobPath(digest));
    }

    /// <summary>Keeps a generation from garbage collection, in this process or another, until it is disposed.</summary>
    internal Task<ReadingLease> LeaseAsync(string manifestDigest, CancellationToken cancellationToken) => LeaseAsync(() => [manifestDigest], cancellationToken);

    /// <summary>The same for a generation and all that refers to it: what a copy takes along.</summary>
    internal Task<ReadingLease> LeaseWithReferrersAsync(string manifestDigest, CancellationToken cancellationToken) =>
        LeaseAsync(() => [manifestDigest, .. ListReferrers(manifestDigest, null).Select(entry => entry.Digest)], cancellationToken);

    internal async Task<ReadingLease> LeaseAsync(Func<IReadOnlyList<string>> manifestDigests, CancellationToken cancellationToken)
    {
        var lease = await ReadingLease.TakeAsync(_layout, _ => manifestDigests(), cancellationToken).ConfigureAwait(false);
        if (lease.IsRefused)
        {
            Warned?.Invoke($"You may not write to {_layout.TempDirectory}, so nothing keeps garbage collection from taking away what is being read here. Run this as the store's owner, or let nobody collect garbage meanwhile.");
        }

        return lease;
    }

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
        if (HoldForPush(digest, TimeProvider.System))
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
        await using var added = new AddedBlobs(this, _layout, TimeProvider.System);
        return await PutManifestAsync(bytes, name, tag, added, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="PutManifestAsync(ReadOnlyMemory{byte}, string, string?, CancellationToken)"/>
    /// <summary>The same for a generation that may take nobody's name: an acknowledged one that lost its own would go with the next garbage.</summary>
    /// <exception cref="ImageStoreException">Bad input: another manifest has the name.</exception>
    internal async Task<string> PutNewManifestAsync(ReadOnlyMemory<byte> bytes, string name, string tag, CancellationToken cancellationToken)
    {
        await using var added = new AddedBlobs(this, _layout, TimeProvider.System);
        return await PutManifestAsync(bytes, name, tag, added, cancellationToken, isNew: true).ConfigureAwait(false);
    }

    /// <param name="added">Kept from the moment index.json may name them.</param>
    /// <param name="isNew">Refused where another manifest has the name.</param>
    internal async Task<string> PutManifestAsync(ReadOnlyMemory<byte> bytes, string name, string? tag, AddedBlobs added, CancellationToken cancellationToken, bool isNew = false)
    {
        var manifest = OciManifest.Parse(bytes.Span);
        var blobs = manifest.Layers.Prepend(manifest.Config).Select(blob => blob.Digest).ToList();
        var digest = ChunkId.Of(bytes.Span).Digest;

        // All of it under the index lock: what is here when the lock is taken is here when index.json names it.
        await _layout.UpdateIndexAsync(
            index =>
            {
                if (blobs.Find(blob => !File.Exists(BlobPath(blob))) is { } missing)
                {
                    throw new ChunkException(ChunkError.Missing, $"The manifest names {missing}, which is not in the store; push its blobs first.");
                }

                if (isNew && index.Manifests.Any(known => RefName(known) == $"{name}@{tag}" && known.Digest != digest))
                {
                    throw new ImageStoreException(ImageStoreError.BadInput, $"The store {Directory} has another {name}@{tag} already. Copy into another store.");
                }

                if (MediaTypes.TravelsAlong.Contains(manifest.ArtifactType) && index.Manifests.All(known => known.Digest != manifest.Subject?.Digest))
                {
                    throw new ChunkException(ChunkError.Missing, $"The manifest belongs to {manifest.Subject?.Digest ?? "nothing"}, which the store does not name; push that first.");
                }

                Posix.SyncDirectory(_layout.BlobDirectory);
                var entry = added.Write(bytes.Span, MediaTypes.OciManifest) with
                {
                    ArtifactType = manifest.ArtifactType,
                    Annotations = IndexEntry.Annotations(manifest, name, tag),
                };
                return index with { Manifests = [.. index.Manifests.Where(known => !IsReplacedBy(known, entry)), entry] };
            },
            added.Keep,
            cancellationToken).ConfigureAwait(false);
        new PushMarks(_layout).Remove(blobs);
        return digest;
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
            if (IndexEntry.TryRead(entry) is { } known)
            {
                if (known.Subject == digest && File.Exists(BlobPath(entry.Digest)))
                {
                    found.Add(entry with { Annotations = known.Annotations });
                }

                continue;
            }

            // One that was removed meanwhile refers to nothing; 'check' names one that is lost.
            if (File.Exists(BlobPath(entry.Digest)) && ReadManifest(entry.Digest) is var manifest && manifest.Subject?.Digest == digest)
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
        StaleBytes = config.StaleBytes,
    };

    /// <summary>What index.json names must be there; null: it has been removed since index.json was read.</summary>
    private StoredGeneration? FindListed(string digest)
    {
        try
        {
            return Describe(ReadConfig(ReadManifest(digest)), digest);
        }
        catch (ChunkException e) when (e.Error == ChunkError.Missing)
        {
            return _layout.ReadIndex().Manifests.All(entry => entry.Digest != digest)
                ? null
                : throw new ImageStoreException(ImageStoreError.Damaged, $"{e.Message} index.json names it or what it belongs to. Put it back with 'caisson store repair', or import or pull the image again.", e);
        }
    }

    internal GenerationConfig ReadConfig(OciManifest manifest)
    {
        try
        {
            var config = JsonSerializer.Deserialize(_layout.ReadSmallBlob(manifest.Config.Digest, Limits.MaxManifestBytes), OciJson.Default.GenerationConfig);
            return config is { Name: not null, Number: > 0 and <= ImageName.MostGenerations } ? config : throw new JsonException();
        }
        catch (JsonException e)
        {
            throw new ChunkException(ChunkError.Invalid, $"The blob {manifest.Config.Digest} does not describe a generation.", e);
        }
    }

    internal static Dictionary<string, string>? RefAnnotations(string name, string? tag) =>
        tag is null ? null : new(StringComparer.Ordinal) { [MediaTypes.RefNameAnnotation] = $"{name}@{tag}" };

    internal static string? RefName(OciDescriptor entry) => entry.Annotations?.GetValueOrDefault(MediaTypes.RefNameAnnotation);

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
