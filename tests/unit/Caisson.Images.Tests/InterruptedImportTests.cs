using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>Imports that a kill has left in the middle: their folder is copied as it was then, and put back when the import is gone.</summary>
public sealed class InterruptedImportTests : IDisposable
{
    private const int DiskBytes = 80 << 20;

    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(4 << 20, false)]
    [InlineData(60 << 20, true)]
    [InlineData(79 << 20, true)]
    public async Task It_goes_on_where_it_stood_and_ends_as_an_uninterrupted_one(int stopAt, bool resumes)
    {
        var file = WriteDisk("disk.raw");
        var whole = await ImportAsync("whole", file, null);
        await InterruptAsync("store", file, stopAt);

        var second = await ImportAsync("store", file, null);

        Assert.Equal(whole.ManifestDigest, second.ManifestDigest);
        Assert.Equal(resumes, second.ResumedBytes > 0);
        Assert.True(second.ResumedBytes <= stopAt + (16 << 20));
        Assert.Empty((await ImageStore.Open(_folder["store"]).CheckAsync(TimeProvider.System, null, Token)).Problems);
        Assert.Empty(Directory.GetDirectories(Path.Combine(_folder["store"], "tmp"), "import-*"));
    }

    [Fact]
    public async Task One_of_a_file_that_has_changed_or_with_damaged_rows_or_lost_packs_begins_anew()
    {
        var file = WriteDisk("disk.raw");
        await InterruptAsync("store", file, 70 << 20);
        using (var disk = File.OpenHandle(file, access: FileAccess.Write))
        {
            RandomAccess.Write(disk, new byte[] { 1, 2, 3 }, 10_000);
        }

        Assert.Equal(0, (await ImportAsync("store", file, null)).ResumedBytes);

        foreach (var harm in (Action<string>[])[
            folder => File.Delete(Path.Combine(folder, "pack-0")),
            folder => Flip(Path.Combine(folder, "chunks")),
            folder => Flip(Path.Combine(folder, "frames")),
            folder => File.WriteAllText(Path.Combine(folder, "journal"), "nonsense"),
            folder => Directory.Delete(folder, recursive: true)])
        {
            var other = $"store-{Guid.NewGuid():n}";
            await InterruptAsync(other, file, 70 << 20);
            harm(Path.Combine(_folder[other], "tmp", "import-raw"));
            Assert.Equal(0, (await ImportAsync(other, file, null)).ResumedBytes);
            Assert.Empty((await ImageStore.Open(_folder[other]).CheckAsync(TimeProvider.System, null, Token)).Problems);
        }
    }

    [Fact]
    public async Task One_that_died_while_its_packs_were_moved_into_the_store_goes_on()
    {
        var file = WriteDisk("disk.raw");
        await InterruptAsync("store", file, 70 << 20);
        var store = ImageStore.Open(_folder["store"]);
        var pack = Path.Combine(_folder["store"], "tmp", "import-raw", "pack-0");
        File.Move(pack, store.BlobPath(ChunkId.Of(await File.ReadAllBytesAsync(pack, Token)).Digest));

        Assert.True((await ImportAsync("store", file, null)).ResumedBytes > 0);
        Assert.Empty((await store.CheckAsync(TimeProvider.System, null, Token)).Problems);
    }

    [Fact]
    public async Task One_that_was_cancelled_goes_on_too()
    {
        var file = WriteDisk("disk.raw");
        var progress = new Snapshot(Path.Combine(_folder["store"], "tmp", "import-raw"), _folder["snapshot"], 60 << 20);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ImportAsync("store", file, progress));

        Assert.InRange((await ImportAsync("store", file, null)).ResumedBytes, 16 << 20, 76 << 20);
        Assert.Empty((await ImageStore.Open(_folder["store"]).CheckAsync(TimeProvider.System, null, Token)).Problems);
    }

    [Fact]
    public async Task One_that_is_repeated_with_trim_begins_anew()
    {
        var file = WriteDisk("disk.raw");
        await InterruptAsync("store", file, 70 << 20);
        Assert.Equal(0, (await ImportAsync("store", file, null, trim: true)).ResumedBytes);
    }

    [Fact]
    public async Task An_import_of_another_file_takes_the_rest_away()
    {
        await InterruptAsync("store", WriteDisk("disk.raw"), 70 << 20);
        await File.WriteAllBytesAsync(_folder["other.raw"], TestDisk.Content(1), Token);
        Assert.Equal(0, (await ImportAsync("store", _folder["other.raw"], null)).ResumedBytes);
        Assert.Empty(Directory.GetDirectories(Path.Combine(_folder["store"], "tmp"), "import-*"));
    }

    public void Dispose() => _folder.Dispose();

    private static void Flip(string file)
    {
        using var handle = File.OpenHandle(file, access: FileAccess.ReadWrite);
        var bytes = new byte[1];
        RandomAccess.Read(handle, bytes, 100);
        bytes[0] ^= 1;
        RandomAccess.Write(handle, bytes, 100);
    }

    /// <summary>Dense and random, with some repeats and holes.</summary>
    private string WriteDisk(string name)
    {
        var path = _folder[name];
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        var random = new Random(7);
        var part = new byte[5 << 20];
        for (var at = 0L; at < DiskBytes; at += part.Length)
        {
            if (at % 3 != 0)
            {
                random.NextBytes(part);
            }

            RandomAccess.Write(file, part, at);
        }

        return path;
    }

    /// <summary>Stops an import and leaves its folder as it was when that many bytes were done.</summary>
    private async Task InterruptAsync(string store, string file, int stopAt)
    {
        var progress = new Snapshot(Path.Combine(_folder[store], "tmp", "import-raw"), _folder[$"snapshot-{Guid.NewGuid():n}"], stopAt);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ImportAsync(store, file, progress));
        Directory.Delete(progress.Folder, recursive: true);
        Directory.Move(progress.Copy, progress.Folder);
    }

    private async Task<StoredGeneration> ImportAsync(string store, string file, Snapshot? progress, bool trim = false)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        progress?.Stops(stop);
        var request = new ImportRequest { File = file, Name = "work", Format = ImageFormat.Raw, CompressionLevel = 0, Trim = trim };
        return await ImageStore.Open(_folder[store]).ImportAsync(request, new HastyProgress(), progress, stop.Token);
    }

    private sealed class Snapshot(string folder, string copy, long at) : IProgress<ImageProgress>
    {
        private CancellationTokenSource? _stop;

        public string Folder => folder;

        public string Copy => copy;

        public void Stops(CancellationTokenSource stop) => _stop = stop;

        public void Report(ImageProgress value)
        {
            if (value.DoneBytes < at || Directory.Exists(copy))
            {
                return;
            }

            Directory.CreateDirectory(copy);
            foreach (var file in Directory.GetFiles(folder).OrderBy(file => Path.GetFileName(file) != "journal"))
            {
                // The journal first: what it speaks of is already in the other files.
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            }

            _stop?.Cancel();
        }
    }

    /// <summary>Every look at this clock is a second later, so that progress is reported each time.</summary>
    private sealed class HastyProgress : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref _ticks);
    }
}
