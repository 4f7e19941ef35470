using System.Collections.Concurrent;

namespace Caisson.Images.Tests;

/// <summary>What a power cut makes doubtful is compared before it is used; damage in a complete file is mended in a new one.</summary>
public sealed class ImageCareTests : IDisposable
{
    private const string Monday = "boot-monday";
    private const string Tuesday = "boot-tuesday";

    private readonly TestFolder _folder = new();
    private readonly ConcurrentQueue<FillEvent> _events = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_a_power_cut_nothing_is_complete_until_it_was_compared_and_no_byte_comes_over_the_wire()
    {
        var disk = TestDisk.Content(1, 5_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await FillThenCutPowerAsync(store, generation);

        await using var image = await OpenAsync(generation, new DeadSource(), Tuesday);

        Assert.False(image.Status.IsComplete);
        Assert.Equal(image.Status.ImageBytes, image.Status.UncheckedBytes);
        Assert.Equal(image.Status.ImageBytes, image.Status.PresentBytes);
        await image.FillAsync(() => null, Token);
        Assert.True(image.Status.IsComplete);
        Assert.Equal((0L, 0L), (image.Status.UncheckedBytes, image.Status.WireBytes));
        Assert.Contains(_events, e => e is FillEvent.Compared { DamagedChunks: 0 });
    }

    [Fact]
    public async Task Bytes_the_disk_had_lost_in_a_power_cut_are_never_shown_and_fetched_again()
    {
        var disk = TestDisk.Content(2, 8_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await FillThenCutPowerAsync(store, generation);
        Damage(disk, 300, seed: 5);

        await using var image = await OpenAsync(generation, new DirectoryBlobSource(store), Tuesday);
        var fill = image.FillAsync(() => null, Token);
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), Token, async (seed, token) =>
        {
            var random = new Random(seed);
            var buffer = new byte[random.Next(1, 200_000)];
            var offset = random.Next(disk.Length - buffer.Length);
            await image.ReadAsync(offset, buffer, token);
            Assert.True(buffer.AsSpan().SequenceEqual(disk.AsSpan(offset, buffer.Length)));
        });
        await fill;

        Assert.True(image.Status.IsComplete);
        Assert.Equal(disk, await File.ReadAllBytesAsync(image.ImageFile, Token));
        Assert.Contains(_events, e => e is FillEvent.Corrupt);
    }

    [Fact]
    public async Task A_second_power_cut_while_the_first_is_compared_loses_no_claim()
    {
        var disk = TestDisk.Content(3, 5_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await FillThenCutPowerAsync(store, generation);
        CopyDirectory(_folder["image"], _folder["cut"]);
        await using (var image = await OpenAsync(generation, new DeadSource(), Tuesday, "cut"))
        {
            await image.ReadAsync(1_000_000, new byte[100_000], Token);
            CopyDirectory(_folder["cut"], _folder["cut again"]);
        }

        await using var again = await OpenAsync(generation, new DeadSource(), "boot-wednesday", "cut again");
        await again.FillAsync(() => null, Token);
        Assert.True(again.Status.IsComplete);
    }

    [Fact]
    public async Task A_crash_within_one_boot_and_an_orderly_end_before_another_need_no_comparing()
    {
        var disk = TestDisk.Content(4, 3_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await FillThenCutPowerAsync(store, generation);
        CopyDirectory(_folder["image"], _folder["crashed"]);
        await using (var crashed = await OpenAsync(generation, new DeadSource(), Monday, "crashed"))
        {
            Assert.True(crashed.Status.IsComplete);
        }

        await using var rebooted = await OpenAsync(generation, new DeadSource(), Tuesday, "crashed");
        Assert.True(rebooted.Status.IsComplete);
    }

    [Fact]
    public async Task A_crash_in_the_middle_of_comparing_compares_on_in_the_same_boot()
    {
        var disk = TestDisk.Content(5, 3_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await FillThenCutPowerAsync(store, generation);
        Damage(disk, 50, seed: 6);
        await using (var image = await OpenAsync(generation, new DirectoryBlobSource(store), Tuesday))
        {
            CopyDirectory(_folder["image"], _folder["crashed"]);
        }

        await using var crashed = await OpenAsync(generation, new DirectoryBlobSource(store), Tuesday, "crashed");
        Assert.True(crashed.Status.UncheckedBytes > 0);
        await crashed.FillAsync(() => null, Token);
        Assert.Equal(disk, await File.ReadAllBytesAsync(crashed.ImageFile, Token));
    }

    [Fact]
    public async Task The_scrub_goes_on_where_it_stood_finds_all_damage_and_mends_it_in_a_new_file()
    {
        var disk = TestDisk.Content(6, 6_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await using (var image = await OpenAsync(generation, new DirectoryBlobSource(store), Monday))
        {
            await image.FillAsync(() => null, Token);
            await image.ScrubAsync(1_000_000, Token);
            Assert.InRange(image.ScrubPass.BytesLeft, 1, image.Status.ImageBytes - 1_000_000);
        }

        await using var again = await OpenAsync(generation, new DirectoryBlobSource(store), Monday);
        var left = again.ScrubPass.BytesLeft;
        Assert.InRange(left, 1, again.Status.ImageBytes - 1_000_000);
        await again.ScrubAsync(long.MaxValue, Token);
        Assert.NotNull(again.LastScrub);
        Damage(disk, 40, seed: 7);
        using var held = File.OpenRead(again.ImageFile); // As a machine on the plain file holds it.
        var before = new byte[disk.Length];
        await held.ReadExactlyAsync(before, Token);

        ScrubFindings found;
        do
        {
            found = await again.ScrubAsync(long.MaxValue, Token);
            await again.MendAsync(found, Token);
        }
        while (!found.IsClean);

        Assert.Equal(disk, await File.ReadAllBytesAsync(again.ImageFile, Token));
        held.Position = 0;
        var after = new byte[disk.Length];
        await held.ReadExactlyAsync(after, Token);
        Assert.True(before.AsSpan().SequenceEqual(after), "The file a machine had open was written to.");
        Assert.True(again.Status.IsComplete);
        var buffer = new byte[disk.Length];
        Assert.True(again.TryRead(0, buffer));
        Assert.True(buffer.AsSpan().SequenceEqual(disk));
        Assert.Contains(_events, e => e is FillEvent.Mended { Sentence: var s } && s.Contains("replaced in a new file", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Other_images_on_the_disk_give_what_they_have_and_damage_in_them_is_fetched_instead()
    {
        var disk = TestDisk.Content(8, 6_000_000);
        var (store, first) = await TestDisk.ImportAsync(_folder, disk);
        var (_, second) = await TestDisk.ImportAsync(_folder, TestDisk.Updated(disk, 9));
        var other = new byte[3_000_000];
        disk.AsSpan(0, other.Length).CopyTo(other);
        var (_, third) = await TestDisk.ImportAsync(_folder, other, "personal");
        foreach (var (generation, folder) in new[] { (first, "image"), (third, "third") })
        {
            await using var seed = await OpenAsync(generation, new DirectoryBlobSource(store), Monday, folder);
            await seed.FillAsync(() => null, Token);
        }

        Damage(disk, 5, seed: 10);
        await using var image = await OpenAsync(second, new DirectoryBlobSource(store), Monday, "second");
        await image.FillAsync(new FillOptions { Seeds = [_folder["nowhere"], _folder["third"], _folder["image"]] }, Token);

        Assert.Equal(TestDisk.Updated(disk, 9), await File.ReadAllBytesAsync(image.ImageFile, Token));
        Assert.InRange(image.Status.WireBytes, 1, second.StoredBytes / 2);
        Assert.Contains(_events, e => e is FillEvent.Corrupt { Reason: var r } && r.Contains("another image on this disk", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private static void CopyDirectory(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from).Where(f => Path.GetFileName(f) != "image.lock"))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    /// <summary>Fills on Monday; the power goes while the image is open.</summary>
    private async Task FillThenCutPowerAsync(ImageStore store, StoredGeneration generation)
    {
        await using (var image = await OpenAsync(generation, new DirectoryBlobSource(store), Monday, "cut short"))
        {
            await image.FillAsync(() => null, Token);
            CopyDirectory(_folder["cut short"], _folder["image"]);
        }

        _events.Clear();
    }

    private void Damage(byte[] disk, int places, int seed)
    {
        var random = new Random(seed);
        using var file = File.OpenHandle(Path.Combine(_folder["image"], "image.raw"), access: FileAccess.Write, share: FileShare.ReadWrite);
        for (var i = 0; i < places; i++)
        {
            var place = random.Next(disk.Length); // In holes too.
            RandomAccess.Write(file, [(byte)(disk[place] ^ 0x55)], place);
        }
    }

    private Task<SelfFillingImage> OpenAsync(StoredGeneration generation, IBlobSource source, string boot, string directory = "image") =>
        SelfFillingImage.OpenAsync(_folder[directory], generation.ManifestDigest, source, null, boot, TimeProvider.System, _events.Enqueue, Token);
}
