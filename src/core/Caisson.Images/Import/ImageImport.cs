using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>One import: everything is made in a folder of its own and moved into the store in one go, so that a stop at any point leaves the store as it was.</summary>
internal sealed class ImageImport(ImageStore store, StoreLayout layout, ImportRequest request, TimeProvider time, IProgress<ImageProgress>? progress)
{
    /// <summary>An upload may take hours on a slow line; one this old has nobody.</summary>
    private static readonly TimeSpan LongestUpload = TimeSpan.FromDays(1);

    public async Task<StoredGeneration> RunAsync(CancellationToken cancellationToken)
    {
        ImageName.Check(request.Name);
        await using var held = await layout.LockAsync("import.lock", cancellationToken).ConfigureAwait(false);
        SweepInterrupted();
        var folder = Path.Combine(layout.TempDirectory, $"import-{Guid.NewGuid():n}");
        try
        {
            System.IO.Directory.CreateDirectory(folder);
            return await ImportAsync(folder, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            throw new ImageStoreException(ImageStoreError.NoSpace, $"The disk that holds {layout.Directory} is full. The store is as it was before; free some space and import again.", e);
        }
        finally
        {
            if (System.IO.Directory.Exists(folder))
            {
                System.IO.Directory.Delete(folder, recursive: true);
            }
        }
    }

    /// <summary>Under the import lock no other import lives, so whatever lies here is of one that was killed.</summary>
    private void SweepInterrupted()
    {
        foreach (var left in System.IO.Directory.EnumerateDirectories(layout.TempDirectory, "import-*"))
        {
            System.IO.Directory.Delete(left, recursive: true);
        }

        layout.SweepTempFiles(time.GetUtcNow().UtcDateTime - LongestUpload);
    }

    private async Task<StoredGeneration> ImportAsync(string folder, CancellationToken cancellationToken)
    {
        var raw = await ForeignImage.ToRawAsync(request.File, request.Format, folder, progress, cancellationToken).ConfigureAwait(false);
        using var file = File.OpenHandle(raw, options: FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file);
        using var packs = new PackFolder(folder);
        var meter = new ProgressMeter("Importing", length, time, progress);
        var index = await new ImportPipeline(KnownChunks.Load(store), packs, request.CompressionLevel).RunAsync(file, length, meter.Add, cancellationToken).ConfigureAwait(false);
        return await PublishAsync(index, packs, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Blobs first, their directory synced, then the one line in index.json that makes them a generation.</summary>
    private async Task<StoredGeneration> PublishAsync(ImageIndex index, PackFolder packs, CancellationToken cancellationToken)
    {
        using var added = new AddedBlobs(layout);
        foreach (var (file, pack) in packs.Finished)
        {
            added.Adopt(file, pack.Id.Digest);
        }

        var indexBlob = added.Write(index.Encode(), MediaTypes.Index);
        var config = new GenerationConfig
        {
            Name = request.Name,
            Number = store.List().Where(known => known.Name == request.Name).Select(known => known.Number).DefaultIfEmpty(0).Max() + 1,
            ImageBytes = index.ImageBytes,
            StoredBytes = indexBlob.Size + index.Frames.Sum(frame => (long)frame.StoredBytes),
            ChunkCount = index.Chunks.Length,
            Created = time.GetUtcNow(),
        };
        var configBlob = added.Write(JsonSerializer.SerializeToUtf8Bytes(config, OciJson.Default.GenerationConfig), MediaTypes.GenerationConfig);
        var manifest = new OciManifest
        {
            ArtifactType = MediaTypes.Generation,
            Config = configBlob,
            Layers = [indexBlob, .. index.Packs.Select(pack => new OciDescriptor { MediaType = MediaTypes.Pack, Digest = pack.Id.Digest, Size = pack.Bytes })],
        };
        var bytes = manifest.ToBytes();
        if (bytes.Length > Limits.MaxManifestBytes)
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"{request.File} has too much data for one generation: its manifest would name {index.Packs.Length} packs. Nothing was changed; import a smaller disk.");
        }

        var digest = await store.PutManifestAsync(bytes, request.Name, $"{config.Number}", added, cancellationToken).ConfigureAwait(false);
        return ImageStore.Describe(config, digest) with { AddedBytes = indexBlob.Size + packs.Finished.Sum(pack => pack.Pack.Bytes) };
    }
}
