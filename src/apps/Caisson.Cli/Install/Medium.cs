using System.Globalization;
using Caisson.Installing;

namespace Caisson.Cli.Install;

/// <summary>The medium this system was started from: its root, which the kernel verifies as it is read, its hash tree, and its ESP.</summary>
internal sealed record Medium(string Disk, string Verity, string Esp, Release Release)
{
    public const string Root = "/dev/mapper/root";
    private const string Folder = "/run/caisson/medium";

    public static string File(string name) => Path.Combine(Folder, name);

    public static bool IsRunning => System.IO.File.ReadAllText("/proc/cmdline").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Contains("caisson.install");

    public static async Task<Medium> OpenAsync(CancellationToken cancel)
    {
        var status = await SystemTool.RunAsync("veritysetup", ["status", "root"], cancel);
        var (data, verity, hash) = (Value(status, "data device"), Value(status, "hash device"), Value(status, "root hash"));
        var disk = "/dev/" + (await SystemTool.RunAsync("lsblk", ["--noheadings", "--nodeps", "--output", "PKNAME", data], cancel)).Trim();
        var esp = (await SystemTool.RunAsync("lsblk", ["--noheadings", "--raw", "--output", "PATH,PARTTYPE", disk], cancel))
            .Split('\n').Select(line => line.Split(' ')).FirstOrDefault(cells => cells.Length == 2 && Guid.TryParse(cells[1], out var type) && type == DiskLayout.Esp)?[0]
            ?? throw new IOException("The medium has no EFI partition.");
        Directory.CreateDirectory(Folder);
        if ((await SystemTool.TryAsync("mountpoint", ["--quiet", Folder], cancel)).Code != 0)
        {
            await SystemTool.RunAsync("mount", ["-t", "vfat", "-o", "ro,nosuid,nodev,noexec,umask=0077", esp, Folder], cancel);
        }

        return new Medium(disk, verity, esp, new Release(Version(), hash));
    }

    /// <summary>One line of a file on it; null where there is none.</summary>
    public static string? Line(string name) => System.IO.File.Exists(File(name)) && System.IO.File.ReadAllText(File(name)).Trim() is { Length: > 0 } text ? text : null;

    /// <summary>Written whole or not at all. The medium is writable only for that moment.</summary>
    public static async Task WriteAsync(string name, string content, CancellationToken cancel)
    {
        await SystemTool.RunAsync("mount", ["-o", "remount,rw", Folder], cancel);
        await System.IO.File.WriteAllTextAsync(File(name) + ".new", content, cancel);
        await SystemTool.RunAsync("sync", [File(name) + ".new"], cancel);
        System.IO.File.Move(File(name) + ".new", File(name), overwrite: true);
        await SystemTool.RunAsync("sync", ["--file-system", Folder], cancel);
        await SystemTool.RunAsync("mount", ["-o", "remount,ro", Folder], cancel);
    }

    private static int Version() =>
        System.IO.File.ReadLines("/usr/lib/os-release").Select(line => line.Split('=')).Where(pair => pair is ["VERSION_ID", _]).Select(pair => int.Parse(pair[1].Trim('"'), CultureInfo.InvariantCulture)).First();

    private static string Value(string status, string name) =>
        status.Split('\n').Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries)).FirstOrDefault(pair => pair.Length == 2 && pair[0] == name)?[1]
            ?? throw new IOException($"The system does not run from a verified medium: veritysetup names no {name}.");
}
