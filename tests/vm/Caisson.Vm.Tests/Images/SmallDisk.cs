using System.Diagnostics;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Images;

/// <summary>A file system of a few MB in memory, to be full at will. Needs root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-small-").FullName;

    public SmallDisk(int mebibytes)
    {
        var mounted = Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "caisson-test", _folder);
        if (!mounted)
        {
            Directory.Delete(_folder);
        }

        Requirement.Need(mounted, "a small file system in memory takes root and mount.");
    }

    public string this[string name] => Path.Combine(_folder, name);

    public long FreeBytes => new DriveInfo(_folder).AvailableFreeSpace;

    private string Ballast => this["ballast"];

    /// <summary>Fills the disk up to this many free bytes, in pages of 4 KiB.</summary>
    public void LeaveFree(long bytes)
    {
        Release();
        using var file = File.Create(Ballast);
        var page = new byte[4096];
        for (var left = (FreeBytes - bytes) / page.Length; left > 0; left--)
        {
            file.Write(page);
        }
    }

    public void Release() => File.Delete(Ballast);

    public void Dispose()
    {
        Run("umount", _folder);
        Directory.Delete(_folder);
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
