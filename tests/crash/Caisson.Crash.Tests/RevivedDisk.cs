namespace Caisson.Crash.Tests;

/// <summary>A copy of a disk as one crash left it, mounted again: the file system's own recovery has run.</summary>
internal sealed class RevivedDisk : IAsyncDisposable
{
    private readonly string _image;

    private RevivedDisk(string image, string mountPoint) => (_image, MountPoint) = (image, mountPoint);

    public string MountPoint { get; }

    /// <returns>Null: the file system itself is lost, which is none of our doing.</returns>
    public static async Task<RevivedDisk?> MountAsync(FileSystem fileSystem, LabFolder folder, string image, WriteLog log, IReadOnlyList<LoggedWrite> writes, CrashState state)
    {
        var disk = new RevivedDisk(folder["revived.img"], folder.Make("revived"));
        await Tool.RunAsync("cp", "--sparse=always", image, disk._image);
        Replay(disk._image, log, writes, state, fileSystem.SectorBytes);
        try
        {
            await fileSystem.MountAsync(disk._image, disk.MountPoint);
        }
        catch (InvalidOperationException)
        {
            if (!await fileSystem.TryRepairAsync(disk._image))
            {
                File.Delete(disk._image);
                return null;
            }

            await fileSystem.MountAsync(disk._image, disk.MountPoint);
        }

        return disk;
    }

    public async ValueTask DisposeAsync()
    {
        await Tool.UnmountAsync(MountPoint);
        File.Delete(_image);
    }

    private static void Replay(string image, WriteLog log, IReadOnlyList<LoggedWrite> writes, CrashState state, int sectorBytes)
    {
        using var file = File.OpenHandle(image, access: FileAccess.ReadWrite);
        foreach (var number in state.Applied)
        {
            var write = writes[number];
            var data = log.ReadData(write);
            if (!state.Torn.TryGetValue(number, out var sectors))
            {
                RandomAccess.Write(file, data, write.Offset);
                continue;
            }

            for (var sector = 0; sector < sectors.Length; sector++)
            {
                if (sectors[sector])
                {
                    RandomAccess.Write(file, data.AsSpan(sector * sectorBytes, sectorBytes), write.Offset + (sector * sectorBytes));
                }
            }
        }
    }
}
