using Caisson.Machines;
using Caisson.Slots;

namespace Caisson.Endpoint.Appliance;

/// <summary>The kernels on the EFI system partition, where it is mounted.</summary>
internal sealed class Esp(string mountPoint)
{
    /// <summary>Not <c>.efi</c>: the loader does not see it.</summary>
    private const string Unfinished = "caisson.part";

    /// <summary>Far below any kernel. FAT gives a renamed file its new name first and its size later: a power cut between leaves a name with nothing in it, which the loader passes over.</summary>
    private const long SmallestKernel = 1 << 20;

    private string Folder => Path.Combine(mountPoint, "EFI", "Linux");

    public IReadOnlyList<BootEntry> Entries => [.. Named.Where(f => f.Length >= SmallestKernel).Select(f => BootEntry.TryParse(f.Name)!)];

    private IEnumerable<FileInfo> Named => new DirectoryInfo(Folder).GetFiles().Where(f => BootEntry.TryParse(f.Name) is not null).OrderBy(f => f.Name, StringComparer.Ordinal);

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

        var whole = Path.Combine(Folder, entry.FileName);
        File.Move(part, whole, overwrite: true);
        using (var renamed = File.OpenHandle(whole, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.FlushToDisk(renamed); // The size beside the new name is the file's, not the folder's.
        }

        DurableFolder.Sync(Folder);
    }

    /// <summary>What a power cut left of <see cref="Add"/>.</summary>
    public void ClearUnfinished()
    {
        foreach (var left in Named.Where(f => f.Length < SmallestKernel).Select(f => f.FullName).Append(Path.Combine(Folder, Unfinished)).Where(File.Exists).ToList())
        {
            File.Delete(left);
            DurableFolder.Sync(Folder);
        }
    }
}
