using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>A file system under test.</summary>
/// <param name="Bytes">The smallest disk it takes, or a little more.</param>
/// <param name="SectorBytes">What it takes for granted that a disk writes whole; btrfs gives itself up when its super block is torn.</param>
internal sealed record FileSystem(string Name, long Bytes, string[] MakeOptions, string[] MountOptions, int SectorBytes)
{
    public static IReadOnlyList<FileSystem> All { get; } =
    [
        new("ext4", 96L << 20, ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard"], [], 512),
        new("xfs", 320L << 20, ["-q", "-K"], ["-o", "nouuid"], 512),
        new("btrfs", 256L << 20, ["-q", "-K"], [], 4096),
    ];

    public static TheoryData<string> Names { get; } = [.. All.Select(fileSystem => fileSystem.Name)];

    /// <summary>One file system for CI, which has minutes; all of them by command.</summary>
    public static TheoryData<string> OneOrAll(string one) => CrashLab.IsShort ? [one] : Names;

    public static FileSystem Named(string name) => All.Single(fileSystem => fileSystem.Name == name);

    public async Task MakeAsync(string file)
    {
        await using (var image = File.Create(file))
        {
            image.SetLength(Bytes);
        }

        await Tool.RunAsync(Requirement.Program($"mkfs.{Name}"), [.. MakeOptions, file]);
    }

    public Task MountAsync(string device, string mountPoint) => Tool.RunAsync("mount", ["-t", Name, .. MountOptions, device, mountPoint]);

    /// <summary>What a PC does at start before it mounts a file system that does not mount: only ext4 has such a step.</summary>
    public async Task<bool> TryRepairAsync(string device)
    {
        if (Name != "ext4")
        {
            return false;
        }

        using var repair = Tool.Start("e2fsck", ["-p", device]);
        await repair.WaitForExitAsync(TestContext.Current.CancellationToken);
        return repair.ExitCode < 4;
    }
}
