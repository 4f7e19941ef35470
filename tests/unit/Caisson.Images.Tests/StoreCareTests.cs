using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>Beside garbage collection, removal and kills: what is being read or copied stays, what nobody needs goes, and nobody opens a whole store.</summary>
public sealed class StoreCareTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Generations_a_delta_is_made_of_stay_meanwhile_and_one_of_a_removed_generation_is_not_kept()
    {
        var (store, old, next) = await MakeAsync(1);
        using var progress = new HeldStep("Making the delta");
        var making = store.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, new EagerClock(), progress, Token);
        await progress.Begun.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await store.RemoveAsync("work", 2, Token);
        var collected = await CollectAsync(store);
        progress.GoOn.Set();

        Assert.Equal(0, collected.Blobs);
        Assert.Contains("does not name", (await Assert.ThrowsAsync<ChunkException>(() => making)).Message, StringComparison.Ordinal);
        Assert.Empty(store.ListReferrers(next.ManifestDigest, null));
    }

    [Fact]
    public async Task A_generation_that_is_copied_stays_until_it_is_copied()
    {
        var (store, _, next) = await MakeAsync(2);
        using var progress = new HeldStep("Copying");
        var copying = new StorePull(ImageStore.Open(_folder["copy"]), new EagerClock(), progress).PullAsync(new DirectoryBlobSource(store), next.ManifestDigest, Token);
        await progress.Begun.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await store.RemoveAsync("work", 2, Token);
        await CollectAsync(store);
        progress.GoOn.Set();

        Assert.Equal(next.ManifestDigest, (await copying).ManifestDigest);
    }

    [Fact]
    public async Task A_copy_of_two_days_keeps_what_came_on_the_first_as_long_as_something_comes()
    {
        var store = ImageStore.Open(_folder["store"]);
        var digests = new List<string>();
        foreach (var content in (byte[][])[[1], [2], [3]])
        {
            digests.Add(ChunkId.Of(content).Digest);
            await store.PutBlobAsync(digests[^1], new MemoryStream(content), Token);
        }

        Age(store, digests[0], 2);
        Age(store, digests[1], 8);
        var collected = await CollectAsync(store);
        Assert.Equal((1, 2), (collected.Blobs, collected.KeptBlobs));
        Assert.True(File.Exists(store.BlobPath(digests[0])));

        Age(store, digests[2], 2);
        Assert.Equal((2, 0), ((await CollectAsync(store)) is var last ? (last.Blobs, last.KeptBlobs) : default));
    }

    [Fact]
    public async Task A_reader_who_may_not_write_is_told_that_nothing_keeps_what_he_reads()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(4, 1_000_000));
        var warnings = new List<string>();
        store.Warned = warnings.Add;
        await store.ExportAsync(generation.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);
        Assert.Empty(warnings);

        // Root may write anywhere, but opens no directory as a file, and is refused with the same error.
        var file = Path.Combine(store.Directory, "tmp", "index.lock");
        File.Delete(file);
        Directory.CreateDirectory(file);
        await store.ExportAsync(generation.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);
        Assert.Contains("garbage collection", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Removing_a_generation_takes_its_boot_profile_along()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(5, 2_000_000));
        var profile = BootProfile.Of(store.ReadIndex(generation.ManifestDigest), [0, 1_000_000], 4096);
        await StoredBootProfile.KeepAsync(store, "work", generation.ManifestDigest, profile, 1, Token);
        await store.RemoveAsync("work", 1, Token);
        foreach (var mark in Directory.GetFiles(Path.Combine(store.Directory, "tmp", "pushed")))
        {
            File.Delete(mark);
        }

        await CollectAsync(store);
        Assert.Empty(Directory.GetFiles(Path.Combine(store.Directory, "blobs", "sha256")));
    }

    [Fact]
    public async Task What_refers_to_a_generation_is_told_from_the_list_alone_and_from_the_manifests_of_an_older_list()
    {
        var (store, old, next) = await MakeAsync(6);
        var delta = await store.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, TimeProvider.System, null, Token);
        var other = await store.CreateDeltaAsync(next.ManifestDigest, old.ManifestDigest, TimeProvider.System, null, Token);
        Assert.Equal(delta, store.FindDelta(old.ManifestDigest, next.ManifestDigest));
        var listed = store.ListReferrers(next.ManifestDigest, MediaTypes.Delta);
        Assert.Equal(store.ReadManifest(delta.ManifestDigest).Annotations!.OrderBy(pair => pair.Key), Assert.Single(listed).Annotations!.OrderBy(pair => pair.Key));

        // As an older version left it: the manifest says it all.
        var index = Path.Combine(store.Directory, "index.json");
        var whole = await File.ReadAllBytesAsync(index, Token);
        var known = OciIndex.Parse(whole);
        await File.WriteAllBytesAsync(index, JsonSerializer.SerializeToUtf8Bytes(known with { Manifests = [.. known.Manifests.Select(entry => entry with { Annotations = ImageStore.RefName(entry) is { } name ? new Dictionary<string, string> { [MediaTypes.RefNameAnnotation] = name } : null })] }, OciJson.Default.OciIndex), Token);
        Assert.Equal(delta, store.FindDelta(old.ManifestDigest, next.ManifestDigest));

        // And with all that is not asked for out of reach.
        await File.WriteAllBytesAsync(index, whole, Token);
        File.WriteAllText(store.BlobPath(other.ManifestDigest), "unreadable");
        File.WriteAllText(store.BlobPath(store.ReadManifest(old.ManifestDigest).IndexLayer().Digest), "unreadable");
        Assert.Equal(delta, store.FindDelta(old.ManifestDigest, next.ManifestDigest));
    }

    [Fact]
    public async Task A_pushed_manifest_gives_itself_no_name_by_its_annotations()
    {
        var (store, _, next) = await MakeAsync(7);
        await store.PutBlobAsync(ChunkId.Of("{}"u8).Digest, new MemoryStream("{}"u8.ToArray()), Token);
        var blob = new OciDescriptor { MediaType = MediaTypes.OciEmpty, Digest = ChunkId.Of("{}"u8).Digest, Size = 2 };
        var manifest = new OciManifest
        {
            ArtifactType = MediaTypes.BootProfile,
            Config = blob,
            Layers = [blob],
            Subject = new OciDescriptor { MediaType = MediaTypes.OciManifest, Digest = next.ManifestDigest, Size = 1 },
            Annotations = new Dictionary<string, string> { [MediaTypes.RefNameAnnotation] = "work@9", [MediaTypes.SubjectAnnotation] = next.ManifestDigest },
        };
        var digest = await store.PutManifestAsync(manifest.ToBytes(), "", null, Token);

        Assert.Null(store.Resolve("work", "9"));
        Assert.Equal([digest], store.ListReferrers(next.ManifestDigest, MediaTypes.BootProfile).Select(entry => entry.Digest));
    }

    [Fact]
    public async Task What_a_kill_has_left_of_an_export_goes_with_the_next_and_nothing_else_does()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(8, 1_000_000));
        var (left, held) = (_folder[$"out.raw.{Guid.NewGuid():n}.part"], _folder[$"out.raw.{Guid.NewGuid():n}.part"]);
        string[] others = [_folder["out.raw.part"], _folder[$"other.{Guid.NewGuid():n}.part"], _folder["out.raw.mine.part"]];
        foreach (var file in (string[])[left, held, .. others])
        {
            File.WriteAllText(file, "bytes");
            File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        }

        using var writer = new FileStream(held, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        await store.ExportAsync(generation.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);

        Assert.False(File.Exists(left));
        Assert.True(File.Exists(held));
        Assert.All(others, file => Assert.True(File.Exists(file)));

        Directory.CreateDirectory(_folder["image"]);
        File.WriteAllText(Path.Combine(_folder["image"], "image.present.0.part"), "bytes");
        await using var image = await SelfFillingImage.OpenAsync(_folder["image"], generation.ManifestDigest, new DirectoryBlobSource(store), TimeProvider.System, null, Token);
        Assert.Empty(Directory.GetFiles(_folder["image"], "*.part"));
    }

    [Fact]
    public async Task Applying_a_delta_leaves_somebody_elses_part_alone()
    {
        var (store, old, next) = await MakeAsync(9);
        var delta = await store.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, TimeProvider.System, null, Token);
        await store.ExportAsync(old.ManifestDigest, _folder["old.raw"], TimeProvider.System, null, Token);
        File.WriteAllText(_folder["new.raw.part"], "a download of days");

        var refused = await Assert.ThrowsAsync<ImageStoreException>(() => RawDelta.ApplyAsync(_folder["old.raw"], store.BlobPath(delta.BlobDigest), _folder["new.raw"], TimeProvider.System, null, Token));

        Assert.Equal(ImageStoreError.BadInput, refused.Error);
        Assert.Equal("a download of days", File.ReadAllText(_folder["new.raw.part"]));
    }

    [Fact]
    public void Memory_follows_the_data_not_the_size_of_the_disk()
    {
        var id = ChunkId.Of("a pack"u8);
        ImmutableArray<ChunkEntry> chunks = [new ChunkEntry(ChunkId.Of(new byte[4096]), 0, 0, 4096)];
        var index = new ImageIndex(Limits.MaxImageBytes, [new PackEntry(id, 8192)], [new FrameEntry(0, PackFormat.HeaderBytes, 4096, 4096, FrameEncoding.Stored)], chunks, [new ImageExtent(1L << 40, 0)]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var present = new PresenceMap(index);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);

        Assert.True(present.IsPresent(0, 1L << 40));
        Assert.False(present.IsPresent(0, (1L << 40) + 1));
        Assert.True(present.IsPresent((1L << 40) + 4096, Limits.MaxImageBytes - (1L << 40) - 4096));
        present.Mark(0);
        Assert.True(present.IsPresent(0, Limits.MaxImageBytes));
    }

    [Fact]
    public void Memory_ends_with_eight_cores()
    {
        Assert.Equal(3, HashedBatch.AtOnce(2));
        Assert.Equal(9, HashedBatch.AtOnce(128));
    }

    [Fact]
    public void A_foreign_image_of_a_small_disk_with_millions_of_tables_costs_no_time_and_can_be_cancelled()
    {
        // A million entries that all name one table of 2 MiB, of a disk that the first of them covers.
        const int entries = 1 << 20, cluster = 1 << 21;
        using (var made = File.OpenHandle(_folder["bomb.qcow2"], FileMode.CreateNew, FileAccess.Write))
        {
            var table = new byte[entries * 8];
            for (var i = 0; i < entries; i++)
            {
                BinaryPrimitives.WriteInt64BigEndian(table.AsSpan(i * 8), 16L << 20);
            }

            RandomAccess.SetLength(made, (16L << 20) + cluster);
            RandomAccess.Write(made, table, 1 << 20);
        }

        using var file = File.OpenHandle(_folder["bomb.qcow2"]);
        var length = RandomAccess.GetLength(file);
        var began = TimeProvider.System.GetTimestamp();
        Assert.True(AllocationTables.AreInsideQcow2(file, length, 21, 1L << 30, 1 << 20, entries, Token));
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Throws<OperationCanceledException>(() => AllocationTables.AreInsideQcow2(file, length, 21, 1L << 40, 1 << 20, entries, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_vmdk_whose_tables_are_all_the_same_one_is_looked_at_once()
    {
        const int tables = 200_000;
        using (var made = File.OpenHandle(_folder["bomb.vmdk"], FileMode.CreateNew, FileAccess.Write))
        {
            var directory = new byte[tables * 4];
            System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(directory.AsSpan()).Fill(8);
            RandomAccess.SetLength(made, 64 << 10);
            RandomAccess.Write(made, directory, 64 << 10);
        }

        using var file = File.OpenHandle(_folder["bomb.vmdk"]);
        var began = TimeProvider.System.GetTimestamp();
        Assert.True(AllocationTables.AreInsideVmdk(file, RandomAccess.GetLength(file), tables * 4096L, 1, 4096, 128, isCompressed: false, Token));
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    public void Dispose() => _folder.Dispose();

    private static void Age(ImageStore store, string digest, int days) =>
        File.SetLastWriteTimeUtc(Path.Combine(store.Directory, "tmp", "pushed", digest["sha256:".Length..]), TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-days));

    private static Task<GarbageResult> CollectAsync(ImageStore store) => store.CollectGarbageAsync(isDry: false, TimeProvider.System, null, Token);

    private async Task<(ImageStore Store, StoredGeneration Old, StoredGeneration Next)> MakeAsync(int seed)
    {
        var disk = TestDisk.Content(seed, 6_000_000);
        var (_, old) = await TestDisk.ImportAsync(_folder, disk);
        var (store, next) = await TestDisk.ImportAsync(_folder, TestDisk.Updated(disk, seed));
        return (store, old, next);
    }

    /// <summary>Stands still at the first report of a step until told to go on.</summary>
    private sealed class HeldStep(string step) : IProgress<ImageProgress>, IDisposable
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ManualResetEventSlim GoOn { get; } = new();

        public void Report(ImageProgress value)
        {
            if (value.Step == step && Begun.TrySetResult())
            {
                GoOn.Wait(TimeSpan.FromMinutes(1), Token);
            }
        }

        public void Dispose() => GoOn.Dispose();
    }

    /// <summary>Every look at this clock is a second later, so that progress is reported each time.</summary>
    private sealed class EagerClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref _ticks);
    }
}
