using Caisson.Machines;
using Caisson.Slots;

namespace Caisson.Endpoint.Appliance;

/// <summary>The kernels on the EFI system partition, where it is mounted.</summary>
internal sealed class Esp(string mountPoint)
{
    /// <summary>Not <c>.efi</c>: the loader does not see it.</summary>
    private const string Unfinished = "caisson.part";

    private string Folder => Path.Combine(mountPoint, "EFI", "Linux");

    public IReadOnlyList<BootEntry> Entries => [.. Directory.GetFiles(Folder).Select(f => BootEntry.TryParse(Path.GetFileName(f))).OfType<BootEntry>().OrderBy(e => e.FileName, StringComparer.Ordinal)];

    public long FreeBytes => new DriveInfo(mountPoint).AvailableFreeSpace;

    public void Remove(BootEntry entry)
    {
        File.Delete(Path.Combine(Folder, entry.FileName));
        DurableFolder.Sync(Folder);
    }

    /// <summary>Whole under its name or not there: written beside it, read back, renamed.</summary>
    public void Add(BootEntry entry, byte[] kernel)
    {
        var part = Path.Combine(Folder, Unfinished);
        ClearUnfinished();
        using (var file = new FileStream(part, FileMode.CreateNew, FileAccess.Write))
        {
            file.Write(kernel);
            file.Flush(flushToDisk: true);
        }

        using (var again = new DiskRegion(part, 0, kernel.Length, FileAccess.Read))
        {
            again.Flush();
            var there = new byte[kernel.Length];
            again.Read(0, there);
            if (!there.AsSpan().SequenceEqual(kernel))
            {
                throw new IOException("The kernel on the EFI system partition is not what was written there: the disk is damaged.");
            }
        }

        File.Move(part, Path.Combine(Folder, entry.FileName), overwrite: true);
        DurableFolder.Sync(Folder);
    }

    /// <summary>What a power cut left of <see cref="Add"/>.</summary>
    public void ClearUnfinished()
    {
        if (File.Exists(Path.Combine(Folder, Unfinished)))
        {
            File.Delete(Path.Combine(Folder, Unfinished));
            DurableFolder.Sync(Folder);
        }
    }
}
