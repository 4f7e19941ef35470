using Caisson.FileSystems;

namespace Caisson.Slots;

/// <summary>
/// A version of the appliance, as it lies in <c>appliance.raw</c>: on the ESP one kernel, and the two partitions that kernel names. Nothing in it
/// is trusted until the kernel's signature was checked and the root was read through.
/// </summary>
public sealed record Release
{
    private const string EspType = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
    private const int LargestKernel = 256 << 20;

    private Release()
    {
    }

    public required UnifiedKernel Kernel { get; init; }

    /// <summary>The partition of the root file system, on the image's disk; <see cref="VerityTree.DataBytes"/> of it count.</summary>
    public required DiskPart Root { get; init; }

    /// <summary>The partition of its hash tree.</summary>
    public required DiskPart Verity { get; init; }

    public required VerityTree Tree { get; init; }

    public int Version => Kernel.Version;

    /// <exception cref="ReleaseException">Not an image of the appliance.</exception>
    public static Release Read(IReadableDisk disk)
    {
        try
        {
            var partitions = PartitionTable.Read(disk);
            var esp = partitions.Where(p => p.Type == EspType).ToList() is [var one] ? one : throw new ReleaseException("The image has no EFI system partition, or more than one.");
            var (entry, bytes) = ReadKernel(esp.On(disk));
            var kernel = UnifiedKernel.Parse(bytes);
            if (kernel.Version != entry.Version)
            {
                throw new ReleaseException($"The kernel calls itself version {kernel.Version}, its file {entry.Version}.");
            }

            var (root, verity) = (Single(partitions, kernel.Root.RootId).On(disk), Single(partitions, kernel.Root.VerityId).On(disk));
            return new Release { Kernel = kernel, Root = root, Verity = verity, Tree = VerityTree.Read(verity, root.Bytes) };
        }
        catch (FileSystemException e)
        {
            throw new ReleaseException($"The image cannot be read: {e.Message}");
        }
    }

    private static (BootEntry Entry, byte[] Bytes) ReadKernel(DiskPart esp)
    {
        var fat = FileSystem.TryOpen(esp) is { Kind: FileSystemKind.Fat } system ? system : throw new ReleaseException("The image's EFI system partition is no FAT file system.");
        var folder = FileWalk.Find(fat, "EFI/Linux") ?? throw new ReleaseException("The image's EFI system partition has no folder EFI/Linux.");
        var kernels = fat.List(folder).Select(f => (Entry: BootEntry.TryParse(f.Name), f.File)).Where(k => k.Entry is not null && k.File.Kind == FileKind.Regular).ToList();
        if (kernels is not [var (entry, file)] || file.Bytes > LargestKernel)
        {
            throw new ReleaseException("The image has not exactly one kernel of the appliance.");
        }

        var bytes = new byte[file.Bytes];
        fat.Read(file, 0, bytes);
        return (entry!, bytes);
    }

    private static Partition Single(IEnumerable<Partition> partitions, Guid id) =>
        partitions.Where(p => p.Id == id).ToList() is [var one] ? one : throw new ReleaseException($"The kernel's root hash names partition {id}, and the image has not exactly one of that id.");
}
