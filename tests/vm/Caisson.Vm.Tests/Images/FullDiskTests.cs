using System.Threading.Channels;
using Caisson.Images;

namespace Caisson.Vm.Tests.Images;

/// <summary>A disk that is full, at every stage of an import and in the middle of a fill.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const int Page = 4096;
    private const int NoSpace = 5;

    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-full-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_import_onto_a_full_disk_leaves_the_store_as_it_was_wherever_it_stops()
    {
        using var disk = new SmallDisk(24);
        await Stores.WriteDiskAsync(this["1.raw"], 1, 3 << 20);
        var content = await Stores.WriteDiskAsync(this["2.raw"], 2, 9 << 20);
        await Stores.ImportAsync(disk["store"], this["1.raw"]);
        await Stores.ImportAsync(this["elsewhere"], this["1.raw"]);
        var needed = (await Stores.ImportAsync(this["elsewhere"], this["2.raw"])).AddedBytes!.Value;
        var before = Stores.Files(disk["store"]);

        // In the first pack, in a later one, and a page at a time where index, config, manifest and index.json are written.
        var full = 0;
        foreach (var free in (long[])[0, Page, 1 << 20, 6 << 20, .. Enumerable.Range(-2, 30).Select(page => (needed / Page * Page) + (page * Page))])
        {
            disk.LeaveFree(free);
            try
            {
                await Stores.ImportAsync(disk["store"], this["2.raw"]);
                break;
            }
            catch (ImageStoreException e)
            {
                Assert.Equal(ImageStoreError.NoSpace, e.Error);
                Assert.Equal(before, Stores.Files(disk["store"]));
                full++;
            }
        }

        Assert.InRange(full, 7, 33);
        await Stores.AssertSoundAsync(disk["store"]);
        await ImageStore.Open(disk["store"]).ExportAsync(ImageStore.Open(disk["store"]).Find("work", 2)!.ManifestDigest, this["out.raw"], TimeProvider.System, null, Token);
        Assert.Equal(content, await File.ReadAllBytesAsync(this["out.raw"], Token));
    }

    [Fact]
    public async Task The_command_line_says_no_space_and_leaves_no_half_file()
    {
        using var disk = new SmallDisk(8);
        await Stores.WriteDiskAsync(this["1.raw"], 1, 12 << 20);
        await Stores.ImportAsync(this["store"], this["1.raw"]);

        var import = await Stores.RunCliAsync("store", "import", "--store", disk["store"], "--name", "work", "--format", "raw", this["1.raw"]);
        var export = await Stores.RunCliAsync("store", "export", "--store", this["store"], "work@1", disk["out.raw"]);
        disk.LeaveFree(0);
        var begun = await Stores.RunCliAsync("store", "import", "--store", disk["other"], "--name", "work", "--format", "raw", this["1.raw"]);
        var again = await Stores.RunCliAsync("store", "import", "--store", this["store"], "--name", "work", "--format", "raw", this["1.raw"]);

        Assert.All([import, export, begun], ran =>
        {
            Assert.Equal(NoSpace, ran.ExitCode);
            Assert.Contains("ree some space", ran.Errors, StringComparison.Ordinal);
        });
        Assert.Equal(0, again.ExitCode);
        Assert.Empty(Directory.GetFiles(disk["."], "out.raw*"));
        Assert.Empty(ImageStore.Open(disk["store"]).List());
        await Stores.AssertSoundAsync(disk["store"]);
    }

    [Fact]
    public async Task A_delta_that_does_not_fit_leaves_the_store_as_it_was()
    {
        using var disk = new SmallDisk(24);
        await Stores.WriteDiskAsync(this["1.raw"], 1, 5 << 20);
        await Stores.WriteDiskAsync(this["2.raw"], 2, 5 << 20);
        var first = await Stores.ImportAsync(disk["store"], this["1.raw"]);
        var second = await Stores.ImportAsync(disk["store"], this["2.raw"]);
        var before = Stores.Files(disk["store"]);
        foreach (var free in (long[])[0, 3 << 20, 7 << 20])
        {
            disk.LeaveFree(free);
            var refused = await Assert.ThrowsAsync<ImageStoreException>(() => ImageStore.Open(disk["store"]).CreateDeltaAsync(first.ManifestDigest, second.ManifestDigest, TimeProvider.System, null, Token));
            Assert.Equal(ImageStoreError.NoSpace, refused.Error);
            Assert.Equal(before, Stores.Files(disk["store"]));
        }
    }

    [Fact]
    public async Task A_full_disk_holds_a_fill_until_there_is_space_and_loses_nothing()
    {
        using var disk = new SmallDisk(32);
        var (content, source, generation) = await PublishAsync(16 << 20);
        var events = Channel.CreateUnbounded<FillEvent>();
        await using var image = await SelfFillingImage.OpenAsync(disk["image"], generation.ManifestDigest, source, TimeProvider.System, e => events.Writer.TryWrite(e), Token);
        disk.LeaveFree(5 << 20);
        var fill = image.FillAsync(() => null, Token);
        await WaitForAsync<FillEvent.DiskTrouble>(events);

        var (present, absent) = (Enumerable.Range(0, 64).Count(Try), Enumerable.Range(0, 64).First(part => !Try(part)));
        var buffer = new byte[256 << 10];
        var read = image.ReadAsync((long)absent << 18, buffer, Token).AsTask();
        Assert.InRange(present, 1, 40);
        Assert.Contains("disk is full", image.Status.Problem, StringComparison.Ordinal);
        Assert.False(read.IsCompleted || fill.IsCompleted || image.Status.IsComplete);

        disk.Release();
        await Task.WhenAll(read, fill).WaitAsync(TimeSpan.FromSeconds(25), Token);
        Assert.True(buffer.AsSpan().SequenceEqual(content.AsSpan(absent << 18, buffer.Length)));
        Assert.Equal((true, null), (image.Status.IsComplete, image.Status.Problem));
        Assert.Equal(content, await File.ReadAllBytesAsync(image.ImageFile, Token));

        bool Try(int part) => image.TryRead((long)part << 18, new byte[256 << 10]);
    }

    [Fact]
    public async Task An_image_whose_map_finds_no_room_is_complete_once_it_does()
    {
        using var disk = new SmallDisk(16);
        var (content, source, generation) = await PublishAsync(4 << 20);
        var events = Channel.CreateUnbounded<FillEvent>();
        await using var image = await SelfFillingImage.OpenAsync(disk["image"], generation.ManifestDigest, source, TimeProvider.System, e => events.Writer.TryWrite(e), Token);
        disk.LeaveFree(content.Length);
        var fill = image.FillAsync(() => null, Token);
        await WaitForAsync<FillEvent.DiskTrouble>(events);
        Assert.Equal((false, (long)content.Length), (image.Status.IsComplete, image.Status.PresentBytes));
        Assert.NotNull(image.Status.Problem);

        disk.Release();
        await fill.WaitAsync(TimeSpan.FromSeconds(25), Token);
        Assert.Equal((true, null), (image.Status.IsComplete, image.Status.Problem));
        Assert.Equal(content, await File.ReadAllBytesAsync(image.ImageFile, Token));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    private async Task<(byte[] Content, DirectoryBlobSource Source, StoredGeneration Generation)> PublishAsync(int bytes)
    {
        var content = await Stores.WriteDiskAsync(this["disk.raw"], 7, bytes);
        var generation = await Stores.ImportAsync(this["store"], this["disk.raw"]);
        return (content, new DirectoryBlobSource(ImageStore.Open(this["store"])), generation);
    }

    private static async Task WaitForAsync<T>(Channel<FillEvent> events)
        where T : FillEvent
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (await events.Reader.ReadAsync(limit.Token) is not T)
        {
        }
    }
}
