using Caisson.Images;

namespace Caisson.Vm.Tests.Images;

/// <summary>On XFS and btrfs a new generation shares the blocks of the old one, and a mended file those of the damaged one.</summary>
public sealed class ReflinkTests : IDisposable
{
    private const int Bytes = 96 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-reflink-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    public async Task A_new_generation_and_a_mended_file_take_only_what_is_new(string kind)
    {
        var disk = new byte[Bytes];
        new Random(1).NextBytes(disk);
        var old = await ImportAsync(disk, "1.raw");
        new Random(2).NextBytes(disk.AsSpan(Bytes / 2, 2 << 20));
        var next = await ImportAsync(disk, "2.raw");
        using var pc = new LoopDisk(kind, 512);
        var source = new DirectoryBlobSource(ImageStore.Open(Path.Combine(_folder, "store")));
        await using (var first = await OpenAsync(pc["old"], old, source))
        {
            await first.FillAsync(() => null, Token);
        }

        var before = pc.UsedBytes;
        await using var image = await OpenAsync(pc["next"], next, source);
        var announced = image.BytesToAllocate([pc["old"]]);
        await image.FillAsync(new FillOptions { Seeds = [pc["old"]] }, Token);
        var taken = pc.UsedBytes - before;

        Assert.Equal(disk, await File.ReadAllBytesAsync(image.ImageFile, Token));
        Assert.InRange(image.Status.WireBytes, 1, 6 << 20);
        Assert.InRange(announced, 2 << 20, 6 << 20);
        Assert.InRange(taken, 0, 16 << 20);

        await using (var file = new FileStream(image.ImageFile, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = 10 << 20;
            file.WriteByte((byte)~disk[10 << 20]);
        }

        before = pc.UsedBytes;
        using var held = File.OpenRead(image.ImageFile);
        var found = await image.ScrubAsync(long.MaxValue, Token);
        Assert.Single(found.DamagedChunks);
        await image.MendAsync(found, Token);
        Assert.Equal(disk, await File.ReadAllBytesAsync(image.ImageFile, Token));
        Assert.InRange(pc.UsedBytes - before, 0, 16 << 20);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Task<SelfFillingImage> OpenAsync(string directory, StoredGeneration generation, IBlobSource source) =>
        SelfFillingImage.OpenAsync(directory, generation.ManifestDigest, source, TimeProvider.System, null, Token);

    private async Task<StoredGeneration> ImportAsync(byte[] disk, string name)
    {
        var file = Path.Combine(_folder, name);
        await File.WriteAllBytesAsync(file, disk, Token);
        return await Stores.ImportAsync(Path.Combine(_folder, "store"), file);
    }
}
