using Caisson.Chunks;
using Caisson.FileSystems;
using Caisson.Protocol.Api;

namespace Caisson.Images;

/// <summary>
/// What one generation changed over another, in a person's words. Both are read through the store's chunks, nothing is exported; where both have
/// the same chunk nothing is read. A file system that is damaged, unknown or too large ends in a sentence, not in a failure.
/// </summary>
public sealed class ImageComparison(ImageStore store, TimeProvider time, IProgress<ImageProgress>? progress)
{
    private const string SystemPartition = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
    private const int NamedLargest = 20;

    private readonly List<string> _notLookedInto = [];

    /// <exception cref="ChunkException">Missing or invalid: the store is damaged.</exception>
    public async Task<ImageChanges> RunAsync(StoredGeneration from, StoredGeneration to, CancellationToken cancellationToken)
    {
        using var fromLease = await store.LeaseAsync(from.ManifestDigest, cancellationToken).ConfigureAwait(false);
        using var toLease = await store.LeaseAsync(to.ManifestDigest, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Run(from, to, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private ImageChanges Run(StoredGeneration from, StoredGeneration to, CancellationToken cancellationToken)
    {
        var (fromIndex, toIndex) = (store.ReadIndex(from.ManifestDigest), store.ReadIndex(to.ManifestDigest));
        using var fromStored = new StoredDisk(store, fromIndex);
        using var toStored = new StoredDisk(store, toIndex);
        var (left, right) = (new GenerationDisk(fromStored, fromIndex), new GenerationDisk(toStored, toIndex));
        var content = new ContentComparison(left, right);
        var meter = new ProgressMeter("Comparing", toIndex.DataBytes, time, progress);
        var (before, after) = (Open(left, $"{from}"), Open(right, $"{to}"));

        var system = new SystemChanges(before.Find(IsRoot), after.Find(IsRoot));
        _notLookedInto.AddRange(system.NotLookedInto);
        var changes = new ImageChanges
        {
            Summary = "",
            Packages = system.Packages,
            Services = system.Services,
            Accounts = system.Accounts,
            Kernel = system.Kernel,
            Files = CompareFiles(before, after, content, meter, cancellationToken),
            Boot = CompareBoot(before.Find(IsBoot), after.Find(IsBoot), content, meter, cancellationToken),
            Disk = new DiskSizes(from.ImageBytes, to.ImageBytes, from.StoredBytes, to.StoredBytes, DifferentBytes(fromIndex, toIndex)),
            NotLookedInto = [.. _notLookedInto.Distinct(StringComparer.Ordinal)],
        };
        return changes with { Summary = ChangeSummary.Of(changes) };
    }

    private List<LookedInto> Open(GenerationDisk disk, string generation)
    {
        var found = new List<LookedInto>();
        Guarded(generation, () =>
        {
            foreach (var partition in PartitionTable.Read(disk))
            {
                var (part, place) = (partition.On(disk), partition.Number == 0 ? "The disk" : $"Partition {partition.Number}");
                Guarded($"{place} of {generation}", () =>
                {
                    if (FileSystem.TryOpen(part) is { } system)
                    {
                        found.Add(new LookedInto(partition, part, system));
                        _notLookedInto.AddRange(system.Unclean is { } unclean ? [$"{place} of {generation} is read as it lies. {unclean}"] : []);
                    }
                    else if (Recognition.Of(part) is not (FileSystemKind.Swap or FileSystemKind.Unknown) and var kind)
                    {
                        _notLookedInto.Add($"{place} holds {Recognition.NameOf(kind)}, which is not read.");
                    }
                });
            }
        });
        return found;
    }

    private FileChanges? CompareFiles(List<LookedInto> before, List<LookedInto> after, ContentComparison content, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var trees = new List<TreeComparison>();
        foreach (var to in after.Where(part => !IsBoot(part)))
        {
            if (before.Find(part => part.Partition.Number == to.Partition.Number && !IsBoot(part)) is not { } from)
            {
                _notLookedInto.Add($"Partition {to.Partition.Number} has nothing to compare it with in the generation before.");
                continue;
            }

            var tree = new TreeComparison(from, to, content, IsRoot(to) ? "" : $"/partition {to.Partition.Number}", meter, cancellationToken);
            if (Guarded($"Partition {to.Partition.Number}", tree.Run))
            {
                trees.Add(tree);
            }
        }

        return trees.Count == 0 ? null : Join(trees);
    }

    private static FileChanges Join(List<TreeComparison> trees)
    {
        var areas = trees.SelectMany(tree => tree.Areas.Values).OrderByDescending(area => area.Bytes).ThenBy(area => area.Path, StringComparer.Ordinal).ToList();
        return new FileChanges(
            areas.Sum(area => area.Added),
            areas.Sum(area => area.Removed),
            areas.Sum(area => area.Changed),
            trees.Sum(tree => tree.Permissions),
            areas.Sum(area => area.Bytes),
            areas,
            Ordered(trees.SelectMany(tree => tree.Largest)));
    }

    private List<FileChange> CompareBoot(LookedInto? before, LookedInto? after, ContentComparison content, ProgressMeter meter, CancellationToken cancellationToken)
    {
        if (before is null || after is null)
        {
            return [];
        }

        var tree = new TreeComparison(before, after, content, "", meter, cancellationToken);
        return Guarded("The boot partition", tree.Run) ? Ordered(tree.Largest) : [];
    }

    private static List<FileChange> Ordered(IEnumerable<FileChange> changes) =>
        [.. changes.OrderByDescending(change => Math.Max(change.FromBytes, change.ToBytes)).ThenBy(change => change.Path, StringComparer.Ordinal).Take(NamedLargest)];

    /// <summary>Bytes of the new disk where the old one has another chunk, or the same elsewhere; of the indexes alone.</summary>
    private static long DifferentBytes(ImageIndex from, ImageIndex to)
    {
        var places = from.Extents.Select(extent => (extent.Offset, from.Chunks[extent.Chunk].Id)).ToHashSet();
        return to.Extents.Where(extent => !places.Contains((extent.Offset, to.Chunks[extent.Chunk].Id))).Sum(extent => (long)to.Chunks[extent.Chunk].Bytes);
    }

    private static bool IsRoot(LookedInto part)
    {
        try
        {
            return part.System.Kind == FileSystemKind.Ext && part.List("etc").Count > 0;
        }
        catch (FileSystemException)
        {
            return false;
        }
    }

    private static bool IsBoot(LookedInto part) => part.System.Kind == FileSystemKind.Fat && part.Partition.Type is SystemPartition or "ef";

    private bool Guarded(string subject, Action look)
    {
        try
        {
            look();
            return true;
        }
        catch (FileSystemException e)
        {
            _notLookedInto.Add($"{subject} was not looked into to the end: {e.Message}");
            return false;
        }
    }
}
