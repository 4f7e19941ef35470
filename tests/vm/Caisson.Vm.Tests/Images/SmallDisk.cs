using System.Diagnostics;
using System.Globalization;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Images;

/// <summary>
/// A file system of a few MB in memory, to be full at will. It is mounted in name spaces of its own, so that no test needs root, by a process
/// that waits; the file system ends with it. Here it is reached through that process's view of the files.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _mountPoint = Directory.CreateTempSubdirectory("caisson-small-").FullName;
    private readonly Process _holder;
    private readonly string _folder;

    public SmallDisk(int mebibytes)
    {
        const string script = "mount -t tmpfs -o size=$1m caisson-test \"$2\" && echo mounted && read end";
        string[] arguments = ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", mebibytes.ToString(CultureInfo.InvariantCulture), _mountPoint];
        _holder = Process.Start(new ProcessStartInfo("unshare", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        _folder = $"/proc/{_holder.Id}/root{_mountPoint}";
        var isMounted = _holder.StandardOutput.ReadLine() == "mounted";
        if (!isMounted)
        {
            Dispose();
        }

        Requirement.Need(isMounted, "a small file system in memory takes user and mount name spaces.");
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
        _holder.StandardInput.Close();
        _holder.WaitForExit();
        _holder.Dispose();
        Directory.Delete(_mountPoint);
    }
}
