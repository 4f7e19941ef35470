using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>Deltas cut short anywhere: what is durable is not fetched or made again, and no byte is ever wrong.</summary>
public sealed class DeltaResumeTests : IDisposable
{
    private const int DiskBytes = 14_000_000;

    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Preparing_an_image_goes_on_after_a_kill_at_any_byte_of_the_delta()
    {
        var (store, old, next, updated) = await MakeAsync();
        var delta = await store.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, TimeProvider.System, null, Token);
        await FillAsync(store, old, "seed");
        var random = new Random(1);
        for (var round = 0; round < 12; round++)
        {
            var cut = new CutSource(new DirectoryBlobSource(store), round == 0 ? 0 : random.NextInt64(delta.Bytes));
            await PrepareUntilCutAsync(cut, next, $"begun-{round}", $"killed-{round}");

            // The end of a file that was being written may not have come to the disk.
            var kept = 0L;
            foreach (var spool in Directory.GetFiles(_folder[$"killed-{round}"], "delta.*"))
            {
                await using var file = File.OpenWrite(spool);
                file.SetLength(file.Length - Math.Min(file.Length, random.Next(3) * random.Next(5000)));
                kept += Math.Max(0, file.Length - 40);
            }

            var counted = new CountingSource(new DirectoryBlobSource(store));
            await using var image = await SelfFillingImage.OpenAsync(_folder[$"killed-{round}"], next.ManifestDigest, counted, _folder["seed"], TimeProvider.System, null, Token);
            await image.PrepareFromDeltaAsync(_folder["seed"], () => null, Token);
            Assert.True(counted.Bytes <= delta.Bytes - kept, $"Cut after {cut.Given}: {counted.Bytes} fetched, though {kept} of {delta.Bytes} were kept.");
            await image.FillAsync(() => null, Token);
            Assert.Equal(updated, await File.ReadAllBytesAsync(image.ImageFile, Token));
            Assert.Empty(Directory.GetFiles(_folder[$"killed-{round}"], "delta.*"));
        }
    }

    [Fact]
    public async Task Rubbish_in_the_place_of_what_was_kept_costs_bytes_and_nothing_else()
    {
        var (store, old, next, updated) = await MakeAsync();
        var delta = await store.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, TimeProvider.System, null, Token);
        await FillAsync(store, old, "seed");
        foreach (var (name, given) in new[] { ("head", 300L), ("run", delta.Bytes / 2) })
        {
            await PrepareUntilCutAsync(new CutSource(new DirectoryBlobSource(store), given), next, $"begun-{name}", $"killed-{name}");
            foreach (var spool in Directory.GetFiles(_folder[$"killed-{name}"], "delta.*"))
            {
                var bytes = await File.ReadAllBytesAsync(spool, Token);
                bytes.AsSpan(Math.Min(40, bytes.Length)).Fill(0x5A);
                await File.WriteAllBytesAsync(spool, bytes, Token);
            }

            await using var image = await SelfFillingImage.OpenAsync(_folder[$"killed-{name}"], next.ManifestDigest, new DirectoryBlobSource(store), _folder["seed"], TimeProvider.System, null, Token);
            await image.PrepareFromDeltaAsync(_folder["seed"], () => null, Token);
            await image.FillAsync(() => null, Token);
            Assert.Equal(updated, await File.ReadAllBytesAsync(image.ImageFile, Token));
        }
    }

    [Fact]
    public async Task Applying_to_raw_files_goes_on_where_it_was_stopped()
    {
        var (store, old, next, updated) = await MakeAsync();
        var delta = store.BlobPath((await store.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, TimeProvider.System, null, Token)).BlobDigest);
        await store.ExportAsync(old.ManifestDigest, _folder["old.raw"], TimeProvider.System, null, Token);
        var (random, wentOn) = (new Random(2), 0);
        for (var stop = 200_000L; !File.Exists(_folder["new.raw"]); stop += 1_700_000)
        {
            using var source = new CancellationTokenSource();
            var progress = new StopAt(source, "Applying", stop);
            try
            {
                await RawDelta.ApplyAsync(_folder["old.raw"], delta, _folder["new.raw"], new FastClock(), progress, source.Token);
            }
            catch (OperationCanceledException)
            {
                // The next round goes on, though what was written since the last checkpoint may be anything.
                Scribble(store.ReadIndex(next.ManifestDigest), random);
            }

            wentOn += progress.First > 0 ? 1 : 0;
        }

        Assert.True(wentOn > 2);
        Assert.Equal(updated, await File.ReadAllBytesAsync(_folder["new.raw"], Token));
        Assert.Equal(["new.raw"], Directory.GetFiles(_folder.Path, "new.raw*").Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_part_of_another_disk_is_begun_anew()
    {
        var (store, old, next, updated) = await MakeAsync();
        var delta = store.BlobPath((await store.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, TimeProvider.System, null, Token)).BlobDigest);
        await store.ExportAsync(old.ManifestDigest, _folder["old.raw"], TimeProvider.System, null, Token);
        await File.WriteAllBytesAsync(_folder["new.raw.part"], TestDisk.Content(9, DiskBytes), Token);
        await File.WriteAllBytesAsync(_folder["new.raw.part.present"], new PresenceMap(store.ReadIndex(old.ManifestDigest)).Encode(ChunkId.Of("another"u8)), Token);

        await RawDelta.ApplyAsync(_folder["old.raw"], delta, _folder["new.raw"], TimeProvider.System, null, Token);

        Assert.Equal(updated, await File.ReadAllBytesAsync(_folder["new.raw"], Token));
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(ImageStore Store, StoredGeneration Old, StoredGeneration Next, byte[] Updated)> MakeAsync()
    {
        var old = TestDisk.Content(11, DiskBytes);
        var updated = TestDisk.Updated(old, 12);

        // Enough that no old bytes resemble, so that the delta has several units and runs.
        for (var at = 1_000_000; at < 9_000_000; at += 1_000_000)
        {
            new Random(at).NextBytes(updated.AsSpan(at, 700_000));
        }

        var (_, first) = await TestDisk.ImportAsync(_folder, old);
        var (store, second) = await TestDisk.ImportAsync(_folder, updated);
        return (store, first, second, updated);
    }

    private async Task FillAsync(ImageStore store, StoredGeneration generation, string name)
    {
        await using var image = await SelfFillingImage.OpenAsync(_folder[name], generation.ManifestDigest, new DirectoryBlobSource(store), TimeProvider.System, null, Token);
        await image.FillAsync(() => null, Token);
    }

    /// <summary>Prepares until the source is cut, and copies the folder as a kill at that moment would leave it.</summary>
    private async Task PrepareUntilCutAsync(CutSource cut, StoredGeneration next, string name, string copy)
    {
        using var stop = new CancellationTokenSource();
        cut.Cut = () => Snapshot(_folder[name], _folder[copy]);
        try
        {
            await using var image = await SelfFillingImage.OpenAsync(_folder[name], next.ManifestDigest, cut, _folder["seed"], TimeProvider.System, null, stop.Token);
            var preparing = image.PrepareFromDeltaAsync(_folder["seed"], () => null, stop.Token);
            await cut.WasCut.WaitAsync(Token);
            await stop.CancelAsync();
            await preparing.WaitAsync(Token);
        }
        catch (Exception e) when (e is OperationCanceledException or BlobSourceException)
        {
            // As asked.
        }
    }

    private static void Snapshot(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var target = File.Create(Path.Combine(to, Path.GetFileName(file)));
            source.CopyTo(target);
        }
    }

    /// <summary>Overwrites some of what the map does not say is there.</summary>
    private void Scribble(ImageIndex index, Random random)
    {
        var said = new PresenceMap(index);
        if (!File.Exists(_folder["new.raw.part.present"]) || !said.TryLoad(File.ReadAllBytes(_folder["new.raw.part.present"]), ChunkId.Of(index.Encode())))
        {
            return;
        }

        using var part = File.OpenHandle(_folder["new.raw.part"], FileMode.Open, FileAccess.Write);
        foreach (var extent in Enumerable.Range(0, index.Extents.Length).Where(extent => !said.HasExtent(extent) && random.Next(2) == 0))
        {
            RandomAccess.Write(part, new byte[] { 1, 2, 3 }, index.Extents[extent].Offset);
        }
    }

    /// <summary>Gives some bytes of blobs and then nothing any more.</summary>
    private sealed class CutSource(IBlobSource inner, long bytes) : IBlobSource
    {
        private readonly TaskCompletionSource _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Action Cut { get; set; } = () => { };

        public Task WasCut => _cut.Task;

        public long Given { get; private set; }

        public string Name => inner.Name;

        public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => inner.ReadManifestAsync(reference, cancellationToken);

        public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (Given + buffer.Length > bytes)
            {
                if (!_cut.Task.IsCompleted)
                {
                    Cut();
                    _cut.SetResult();
                }

                throw new BlobSourceException(BlobSourceError.Away, "The test cut the line.");
            }

            var giver = await inner.ReadRangeAsync(digest, offset, buffer, cancellationToken);
            Given += buffer.Length;
            return giver;
        }

        public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
            inner.ListReferrersAsync(digest, artifactType, cancellationToken);

        public void Reject(string digest) => inner.Reject(digest);
    }

    /// <summary>Every write is a checkpoint.</summary>
    private sealed class FastClock : TimeProvider
    {
        public override long GetTimestamp() => base.GetTimestamp() * 10_000;
    }

    private sealed class StopAt(CancellationTokenSource stop, string step, long bytes) : IProgress<ImageProgress>
    {
        /// <summary>Bytes that were there when the step began.</summary>
        public long First { get; private set; } = -1;

        public void Report(ImageProgress value)
        {
            if (value.Step != step)
            {
                return;
            }

            First = First < 0 ? value.DoneBytes : First;
            if (value.DoneBytes >= bytes)
            {
                stop.Cancel();
            }
        }
    }
}
