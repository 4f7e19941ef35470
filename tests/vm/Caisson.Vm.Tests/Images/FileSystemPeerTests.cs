using System.Globalization;
using System.Security.Cryptography;
using Caisson.FileSystems;
using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Images;

/// <summary>
/// Our reader of file systems beside the tools everybody trusts: mke2fs makes the disks, debugfs deletes files from them and reads what is
/// left after their free space was left out, and e2fsck judges it.
/// </summary>
public sealed class FileSystemPeerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-peer-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("-t ext4 -b 4096")]
    [InlineData("-t ext4 -b 1024 -O meta_bg,^resize_inode")]
    [InlineData("-t ext4 -b 2048 -O ^64bit,^flex_bg,^metadata_csum")]
    [InlineData("-t ext4 -b 65536")]
    [InlineData("-t ext4 -b 4096 -I 512 -O inline_data")]
    [InlineData("-t ext3 -b 4096")]
    [InlineData("-t ext2 -b 1024")]
    public async Task What_mke2fs_wrote_is_read_and_free_is_what_dumpe2fs_calls_so(string options)
    {
        var disk = await MakeAsync(options);
        using var handle = File.OpenHandle(disk);
        var system = FileSystem.TryOpen(new DiskFile(handle))!;

        Assert.Equal(Tree(this["tree"]), Tree(system));
        Assert.Equal(await FreeBlocksAsync(disk), system.FreeRanges().Sum(range => range.Bytes));
    }

    [Theory]
    [InlineData("-t ext4 -b 4096")]
    [InlineData("-t ext4 -b 1024 -O meta_bg,^resize_inode")]
    [InlineData("-t ext3 -b 4096")]
    public async Task A_trimmed_generation_passes_e2fsck_and_has_every_file(string options)
    {
        var disk = await MakeAsync(options);
        await ToolAsync("debugfs", "-w", "-R", "rm /large-1", disk);
        await ToolAsync("debugfs", "-w", "-R", "rm /folder-3/random-7", disk);
        await DumpAsync(disk, this["before"]);
        var bytes = await File.ReadAllBytesAsync(disk, Token);

        var whole = await ImageStore.Open(this["whole"]).ImportAsync(new ImportRequest { File = disk, Name = "work" }, TimeProvider.System, null, Token);
        var store = ImageStore.Open(this["store"]);
        var generation = await store.ImportAsync(new ImportRequest { File = disk, Name = "work", Trim = true }, TimeProvider.System, null, Token);
        await store.ExportAsync(generation.ManifestDigest, this["trimmed.raw"], TimeProvider.System, null, Token);
        await ToolAsync("e2fsck", "-fn", this["trimmed.raw"]);
        await DumpAsync(this["trimmed.raw"], this["after"]);

        // What the warning says it costs is what trimming saves.
        Assert.True(generation.FreeSpace!.LeftOutBytes > 3_000_000, $"{generation.FreeSpace}");
        var saved = whole.StoredBytes - generation.StoredBytes;
        Assert.InRange(whole.FreeSpace!.StaleStoredBytes, saved * 0.97, saved * 1.03);
        Assert.Equal(Tree(this["before"]), Tree(this["after"]));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(disk, Token));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    private async Task<string> MakeAsync(string options)
    {
        var (tree, random) = (this["tree"], new Random(7));
        for (var folder = 0; folder < 8; folder++)
        {
            Directory.CreateDirectory(Path.Combine(tree, $"folder-{folder}", "inner"));
            for (var file = 0; file < 120; file++)
            {
                var content = new byte[random.Next(4) * random.Next(20_000)];
                random.NextBytes(content);
                await File.WriteAllBytesAsync(Path.Combine(tree, $"folder-{folder}", $"random-{file}"), content, Token);
            }

            File.CreateSymbolicLink(Path.Combine(tree, $"folder-{folder}", "link"), new string('x', 10 + (folder * 20)));
        }

        for (var large = 0; large < 3; large++)
        {
            var content = new byte[4_000_000];
            random.NextBytes(content);
            await File.WriteAllBytesAsync(Path.Combine(tree, $"large-{large}"), content, Token);
        }

        await using (var sparse = File.Create(Path.Combine(tree, "sparse")))
        {
            for (var piece = 0; piece < 60; piece++)
            {
                sparse.Position = piece * 333_333L;
                await sparse.WriteAsync(BitConverter.GetBytes(piece), Token);
            }
        }

        await ToolAsync("mke2fs", ["-q", "-F", .. options.Split(' '), "-d", tree, this["disk.raw"], "96M"]);
        return this["disk.raw"];
    }

    private static async Task<long> FreeBlocksAsync(string disk)
    {
        var lines = (await ToolAsync("dumpe2fs", "-h", disk)).Split('\n');
        long Number(string name) => long.Parse(lines.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(':')[1].Trim(), CultureInfo.InvariantCulture);
        return Number("Free blocks:") * Number("Block size:");
    }

    private static List<string> Tree(string folder) => [.. Entries(new DirectoryInfo(folder), "").Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Entries(DirectoryInfo folder, string path)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos().Where(entry => entry.Name != "lost+found"))
        {
            var said = entry.LinkTarget is { } target ? $"→ {target}"
                : entry is FileInfo file ? $"{file.Length} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file.FullName)))}" : "folder";
            yield return $"{path}/{entry.Name} {said}";
            foreach (var inner in said == "folder" ? Entries((DirectoryInfo)entry, $"{path}/{entry.Name}") : [])
            {
                yield return inner;
            }
        }
    }

    private static List<string> Tree(IFileSystem system) =>
        [.. FileWalk.All(system).Where(entry => entry.Name != "/lost+found").Select(entry => $"{FileNames.Readable(entry.Name)} {Said(system, entry.File)}").Order(StringComparer.Ordinal)];

    private static string Said(IFileSystem system, FileNode file)
    {
        if (file.Kind != FileKind.Regular)
        {
            return file.Kind == FileKind.SymbolicLink ? $"→ {system.ReadLink(file)}" : "folder";
        }

        var content = new byte[file.Bytes];
        system.Read(file, 0, content);
        return $"{file.Bytes} {Convert.ToHexString(SHA256.HashData(content))}";
    }

    /// <summary>All files, as debugfs takes them out.</summary>
    private static Task<string> DumpAsync(string disk, string folder)
    {
        Directory.CreateDirectory(folder);
        return ToolAsync("debugfs", "-R", $"rdump / {folder}", disk);
    }

    private static Task<string> ToolAsync(string tool, params string[] arguments) => Nbd.ServedFile.RunAsync(File.Exists($"/usr/sbin/{tool}") ? $"/usr/sbin/{tool}" : tool, arguments);
}
