using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// One import: everything is made in a folder of its own and moved into the store in one go, so that a stop at any point leaves the store as it
/// was. What an import had finished that was killed, cancelled or lost its disk for a moment stays in that folder, and the next import of the same
/// unchanged file goes on with it.
/// </summary>
internal sealed class ImageImport(ImageStore store, StoreLayout layout, ImportRequest request, TimeProvider time, IProgress<ImageProgress>? progress)
{
    /// <summary>In the store's <c>tmp</c>.</summary>
    public const string FolderName = "import-raw";

    private const int JournalVersion = 1;

    private readonly string _folder = Path.Combine(layout.TempDirectory, FolderName);

    public async Task<StoredGeneration> RunAsync(CancellationToken cancellationToken)
    {
        ImageName.Check(request.Name);
        await using var held = await layout.LockAsync("import.lock", cancellationToken).ConfigureAwait(false);
        SweepInterrupted();
        try
        {
            var imported = await ImportAsync(cancellationToken).ConfigureAwait(false);
            Sweep(_folder);
            return imported;
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            Sweep(_folder);
            throw new ImageStoreException(ImageStoreError.NoSpace, $"The disk that holds {layout.Directory} is full. The store is as it was before; free some space and import again.", e);
        }
        catch (Exception e) when (e is not (OperationCanceledException or IOException))
        {
            Sweep(_folder);
            throw;
        }
    }

    /// <summary>Under the import lock no other import lives, so whatever lies here is of one that was killed.</summary>
    private void SweepInterrupted()
    {
        foreach (var left in System.IO.Directory.EnumerateDirectories(layout.TempDirectory, "import-*").Where(folder => folder != _folder))
        {
            Sweep(left);
        }

        layout.SweepTempFiles(time.GetUtcNow().UtcDateTime - PushMarks.LongestPush);
    }

    private static void Sweep(string folder)
    {
        if (System.IO.Directory.Exists(folder))
        {
            System.IO.Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<StoredGeneration> ImportAsync(CancellationToken cancellationToken)
    {
        var foreign = ForeignImage.Open(request.File, request.Format, cancellationToken);
        using var known = KnownChunks.Open(store);
        var key = new ImportKey(JournalVersion, Path.GetFullPath(request.File), foreign.Identity, foreign.Format, request.CompressionLevel, request.Trim, known.Generations);
        var (journal, ledger) = await BeginAsync(foreign, key, known, cancellationToken).ConfigureAwait(false);
        using (journal)
        using (ledger)
        {
            using var file = File.OpenHandle(foreign.RawIn(_folder), options: FileOptions.SequentialScan);
            var length = RandomAccess.GetLength(file);
            using var packs = new PackFolder(_folder, ledger);
            var meter = new ProgressMeter("Importing", length, time, progress, journal.At.Position);
            var stale = StaleSpace.Find(file);
            var zeros = request.Trim ? new ZeroMask(stale.Ranges) : ZeroMask.None;
            await new ImportPipeline(ledger, packs, journal, request.CompressionLevel, request.CommitBytes).RunAsync(file, length, zeros, meter.Add, cancellationToken).ConfigureAwait(false);
            ledger.ForgetIds();
            var indexFile = Path.Combine(_folder, "index");
            var index = ImportedIndex.Write(ledger, known, length, indexFile);
            var freeSpace = stale.Measure(index) with { LeftOutBytes = journal.At.Position == 0 ? zeros.ClearedBytes : null };
            var stored = await PublishAsync(index, indexFile, packs, length, foreign.Written, freeSpace.IsKnown && freeSpace.NotLookedInto.Count == 0 ? freeSpace.StaleBytes : null, cancellationToken).ConfigureAwait(false);
            return stored with { ResumedBytes = journal.At.Position, FreeSpace = freeSpace };
        }
    }

    /// <summary>Takes up what an import of the same file left, or begins anew.</summary>
    private async Task<(ImportJournal Journal, ImportLedger Ledger)> BeginAsync(ForeignImage foreign, ImportKey key, KnownChunks known, CancellationToken cancellationToken)
    {
        if (ImportJournal.TryResume(_folder, key) is { } left)
        {
            try
            {
                var ledger = new ImportLedger(_folder, known, left.At.Ledger);
                if (HasPacks(ledger))
                {
                    return (left, ledger);
                }

                ledger.Dispose();
            }
            catch (InvalidDataException)
            {
                // Rows that were lost or cut: begin anew.
            }

            left.Dispose();
        }

        Sweep(_folder);
        System.IO.Directory.CreateDirectory(_folder);
        await foreign.ToRawAsync(_folder, progress, cancellationToken).ConfigureAwait(false);
        var begun = ImportJournal.Begin(_folder, key);
        return (begun, new ImportLedger(_folder, known, begun.At.Ledger));
    }

    /// <summary>Whether all packs an interrupted import had finished are still here, or in the store already.</summary>
    private bool HasPacks(ImportLedger ledger)
    {
        var packs = new PackFolder(_folder, ledger);
        return packs.Finished().All(pack => ((string[])[pack.File, layout.BlobPath(pack.Pack.Id.Digest)])
            .Any(path => new FileInfo(path) is { Exists: true } file && file.Length == pack.Pack.Bytes));
    }

    /// <summary>Blobs first, their directory synced, then the one line in index.json that makes them a generation.</summary>
    private async Task<StoredGeneration> PublishAsync(ImportedIndex index, string indexFile, PackFolder packs, long length, DateTimeOffset written, long? staleBytes, CancellationToken cancellationToken)
    {
        await using var added = new AddedBlobs(store, layout, time);
        var addedBytes = index.Bytes;
        foreach (var (file, pack) in packs.Finished())
        {
            addedBytes += pack.Bytes;
            added.Adopt(file, pack.Id.Digest);
        }

        added.Adopt(indexFile, index.Digest);
        var config = new GenerationConfig
        {
            Name = request.Name,
            Number = NextNumber(),
            ImageBytes = length,
            StoredBytes = index.Bytes + index.FrameBytes,
            ChunkCount = index.ChunkCount,
            Created = written,
            StaleBytes = staleBytes,
        };
        while (true)
        {
            try
            {
                return await PublishAsync(config, index, added, cancellationToken).ConfigureAwait(false) with { AddedBytes = addedBytes };
            }
            catch (ImageStoreException) when (store.Resolve(request.Name, $"{config.Number}") is not null)
            {
                // A pull or a push has taken the number since: the next one.
                config = config with { Number = NextNumber() };
            }
        }
    }

    private int NextNumber()
    {
        var number = store.List().Where(known => known.Name == request.Name).Select(known => known.Number).DefaultIfEmpty(0).Max() + 1;
        return number <= ImageName.MostGenerations
            ? number
            : throw new ImageStoreException(ImageStoreError.BadInput, $"The store has a generation {ImageName.MostGenerations} of {request.Name}, and none may have a higher number. Nothing was changed; import under another name.");
    }

    private async Task<StoredGeneration> PublishAsync(GenerationConfig config, ImportedIndex index, AddedBlobs added, CancellationToken cancellationToken)
    {
        var configBlob = added.Write(JsonSerializer.SerializeToUtf8Bytes(config, OciJson.Default.GenerationConfig), MediaTypes.GenerationConfig);
        var manifest = new OciManifest
        {
            ArtifactType = MediaTypes.Generation,
            Config = configBlob,
            Layers =
            [
                new OciDescriptor { MediaType = MediaTypes.Index, Digest = index.Digest, Size = index.Bytes },
                .. index.Packs.Select(pack => new OciDescriptor { MediaType = MediaTypes.Pack, Digest = pack.Id.Digest, Size = pack.Bytes }),
            ],
        };
        var bytes = manifest.ToBytes();
        if (bytes.Length > Limits.MaxManifestBytes)
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"{request.File} has too much data for one generation: its manifest would name {index.Packs.Count} packs. Nothing was changed; import a smaller disk.");
        }

        var digest = await store.PutManifestAsync(bytes, request.Name, $"{config.Number}", added, cancellationToken, isNew: true).ConfigureAwait(false);
        return ImageStore.Describe(config, digest);
    }
}
