using System.Diagnostics;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Images;

/// <summary>A real file system in a file, mounted on a loop device; takes root.</summary>
internal sealed class LoopDisk : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-loop-").FullName;
    private readonly bool _isMounted;

    /// <param name="kind">xfs or btrfs; their tools must be there.</param>
    public LoopDisk(string kind, int mebibytes)
    {
        var maker = Requirement.Program("mkfs." + kind);
        using (var file = File.Create(Device))
        {
            file.SetLength((long)mebibytes << 20);
        }

        string[] quiet = kind == "xfs" ? ["-q", "-m", "reflink=1"] : ["-q"];
        Directory.CreateDirectory(MountPoint);
        _isMounted = Run(maker, [.. quiet, Device]) && Run("mount", ["-o", "loop", Device, MountPoint]);
        if (!_isMounted)
        {
            Dispose();
        }

        Requirement.Need(_isMounted, $"mounting {kind} on a loop device takes root.");
    }

    public string this[string name] => Path.Combine(MountPoint, name);

    public long UsedBytes
    {
        get
        {
            Run("sync", ["-f", MountPoint]);
            var drive = new DriveInfo(MountPoint);
            return drive.TotalSize - drive.TotalFreeSpace;
        }
    }

    private string Device => Path.Combine(_folder, "device");

    private string MountPoint => Path.Combine(_folder, "mount");

    public void Dispose()
    {
        if (_isMounted)
        {
            Run("umount", [MountPoint]);
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static bool Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        process.StandardOutput.ReadToEnd();
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
