namespace Caisson.FileSystems.Tests;

public sealed class FatTests
{
    [Theory]
    [InlineData("fat12")]
    [InlineData("fat32")]
    public void Long_names_and_contents_are_read(string name)
    {
        var system = FileSystem.TryOpen(MemoryDisk.Load(name))!;
        var files = FileWalk.All(system).ToDictionary(entry => entry.Name, entry => entry.File, StringComparer.Ordinal);

        Assert.Equal(FileSystemKind.Fat, system.Kind);
        Assert.Null(system.Unclean);
        Assert.Equal(["/EFI", "/EFI/Linux", "/EFI/Linux/caisson-6.12.48+deb13-amd64.efi", "/loader", "/loader/loader.conf"], files.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("timeout 0\n"u8.ToArray(), Listing.Read(system, files["/loader/loader.conf"]));
        var kernel = files["/EFI/Linux/caisson-6.12.48+deb13-amd64.efi"];
        Assert.Equal((12_000L, "c993e868"), (kernel.Bytes, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Listing.Read(system, kernel)))[..8]));
    }

    [Theory]
    [InlineData("fat12")]
    [InlineData("fat32")]
    public void A_deleted_file_lies_in_free_space_and_no_other_does(string name)
    {
        var disk = MemoryDisk.Load(name);
        var before = Listing.Of(FileSystem.TryOpen(disk)!);
        var stale = 0;
        foreach (var free in FileSystem.TryOpen(disk)!.FreeRanges())
        {
            var bytes = disk.Content.AsSpan((int)free.Offset, (int)free.Bytes);
            stale += bytes.Length - bytes.Count((byte)0);
            bytes.Clear();
        }

        Assert.InRange(stale, 7_800, 8_000);
        Assert.Equal(before, Listing.Of(FileSystem.TryOpen(disk)!));
    }
}
