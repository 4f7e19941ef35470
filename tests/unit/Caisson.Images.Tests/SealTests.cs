using Caisson.FileSystems;

namespace Caisson.Images.Tests;

public sealed class SealTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_deleted_files_left_behind_is_said_with_what_it_costs()
    {
        var found = (await TestImages.ImportAsync(_folder, "ext4")).FreeSpace!;
        Assert.True(found.IsKnown);
        Assert.InRange(found.StaleBytes, 4_400_000, 4_500_000);
        Assert.InRange(found.StaleStoredBytes, 1, found.StaleBytes / 2); // the same line again and again
        Assert.Equal(0, found.LeftOutBytes);
        Assert.Equal(found.StaleBytes, Assert.Single(ImageStore.Open(_folder["store"]).List()).StaleBytes);
    }

    [Fact]
    public async Task A_trimmed_generation_is_smaller_by_that_and_every_file_is_the_same()
    {
        var whole = await TestImages.ImportAsync(_folder, "ext4");
        var trimmed = await TestImages.ImportAsync(_folder, "ext4", trim: true);
        var before = await File.ReadAllBytesAsync(_folder["ext4.raw"], Token);

        Assert.Equal(0L, trimmed.StaleBytes);
        Assert.Equal(whole.StaleBytes, trimmed.FreeSpace!.LeftOutBytes);
        Assert.True(trimmed.StoredBytes < whole.StoredBytes, $"{whole.StoredBytes} and {trimmed.StoredBytes}");

        await ImageStore.Open(_folder["store"]).ExportAsync(trimmed.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);
        Assert.Equal(Files(_folder["ext4.raw"]), Files(_folder["out.raw"]));
        await TestImages.UnpackAsync(_folder, "ext4");
        Assert.Equal(before, await File.ReadAllBytesAsync(_folder["ext4.raw"], Token));
    }

    [Fact]
    public async Task Every_partition_is_looked_at_and_swap_counts()
    {
        var trimmed = await TestImages.ImportAsync(_folder, "gpt", trim: true);
        Assert.InRange(trimmed.FreeSpace!.LeftOutBytes!.Value, 4_400_000, 4_520_000);
        Assert.Empty(trimmed.FreeSpace.NotLookedInto);
    }

    [Fact]
    public async Task A_disk_that_was_not_cleanly_unmounted_is_imported_whole_and_that_is_said()
    {
        var raw = await TestImages.UnpackAsync(_folder, "ext2");
        var disk = await File.ReadAllBytesAsync(raw, Token);
        disk[1024 + 58] &= 0xfe; // of the superblock's state: it was cleanly unmounted
        await File.WriteAllBytesAsync(raw, disk, Token);

        var store = ImageStore.Open(_folder["store"]);
        var trimmed = await store.ImportAsync(new ImportRequest { File = raw, Name = "work", Trim = true }, TimeProvider.System, null, Token);
        Assert.Equal(0, trimmed.FreeSpace!.LeftOutBytes);
        Assert.Null(trimmed.StaleBytes);
        Assert.Equal("The disk: free space is not known. It was not cleanly unmounted.", Assert.Single(trimmed.FreeSpace.NotLookedInto));
        await store.ExportAsync(trimmed.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);
        Assert.Equal(disk, await File.ReadAllBytesAsync(_folder["out.raw"], Token));
    }

    [Fact]
    public async Task A_disk_without_a_file_system_says_nothing_of_free_space()
    {
        var (_, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(1));
        Assert.Null(generation.StaleBytes);
        Assert.False(generation.FreeSpace!.IsKnown);
    }

    public void Dispose() => _folder.Dispose();

    private static List<string> Files(string raw)
    {
        using var handle = File.OpenHandle(raw);
        var system = FileSystem.TryOpen(new DiskFile(handle))!;
        return [.. FileWalk.All(system).Select(entry =>
        {
            var content = new byte[entry.File.Kind == FileKind.Regular ? entry.File.Bytes : 0];
            if (content.Length > 0)
            {
                system.Read(entry.File, 0, content);
            }

            return $"{entry.Name} {entry.File} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content))}";
        })];
    }
}
