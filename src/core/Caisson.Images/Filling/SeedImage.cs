using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>Another image on this disk, as far as it is present and durable; only read.</summary>
internal sealed class SeedImage : IDisposable
{
    private readonly ImageIndex _index;
    private readonly PresenceMap _present;

    private SeedImage(ChunkId manifest, ImageIndex index, PresenceMap present, SafeFileHandle file)
    {
        (Manifest, _index, _present, File) = (manifest, index, present, file);
        Content = ContentList.Of(index);
    }

    public ChunkId Manifest { get; }

    public ContentList Content { get; }

    public SafeFileHandle File { get; }

    /// <summary>Null: the directory has no image of which anything is known to be present.</summary>
    public static SeedImage? TryOpen(string directory)
    {
        var files = new ImageFiles(directory);
        if (files.TryLoad() is not { } loaded || !System.IO.File.Exists(files.Present) || !System.IO.File.Exists(files.Image))
        {
            return null;
        }

        var present = new PresenceMap(loaded.Index);
        return present.TryLoad(System.IO.File.ReadAllBytes(files.Present), loaded.Manifest)
            ? new SeedImage(loaded.Manifest, loaded.Index, present, System.IO.File.OpenHandle(files.Image, share: FileShare.ReadWrite))
            : null;
    }

    /// <summary>What is present, in the order of the disk.</summary>
    public IEnumerable<ContentEntry> PresentEntries() => Content.Entries.Where((_, extent) => _present.HasExtent(extent));

    /// <summary>Where chunks lie that are present.</summary>
    public Dictionary<ChunkId, long> PresentPlaces()
    {
        return new ContentList(_index.ImageBytes, [.. PresentEntries()]).Places();
    }

    /// <summary>True: all that a delta's unit refers to is here.</summary>
    public bool Has(DeltaUnit unit) => unit.Regions.All(region => region.Offset + region.Bytes <= _index.ImageBytes && _present.IsPresent(region.Offset, region.Bytes));

    public void Dispose() => File.Dispose();
}
