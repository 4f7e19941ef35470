using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>
/// A file system in memory for disks, logs and mount points: nothing of a crash lab needs to last, and syncs cost nothing there. Making it also
/// finds out whether this machine can run the lab at all.
/// </summary>
internal sealed class LabFolder : IAsyncDisposable
{
    private LabFolder(string path) => Path = path;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public static async Task<LabFolder> CreateAsync()
    {
        Requirement.Need(Environment.UserName == "root", "the crash lab mounts file systems, which only root may.");
        Requirement.Need(File.Exists("/dev/fuse") && File.Exists("/dev/loop-control"), "the crash lab takes /dev/fuse and loop devices.");
        Array.ForEach(["qemu-storage-daemon", "losetup", "mount", "gcc", "mkfs.ext4", "mkfs.xfs", "mkfs.btrfs"], name => Requirement.Program(name));
        var folder = new LabFolder(Directory.CreateTempSubdirectory("caisson-crash-").FullName);
        await Tool.RunAsync("mount", "-t", "tmpfs", "-o", "size=3g", "caisson-crash", folder.Path);
        return folder;
    }

    public string Make(string name) => Directory.CreateDirectory(this[name]).FullName;

    public async ValueTask DisposeAsync()
    {
        await Tool.RunAsync("umount", "--lazy", Path);
        Directory.Delete(Path);
    }
}
