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

    /// <summary>Reads a chunk where it lies. False: the medium cannot read it any more, or it is not what it should be.</summary>
    public bool TryRead(ChunkId id, long offset, Span<byte> plain)
    {
        try
        {
            RawFile.Read(File, offset, plain);
            return ChunkId.Of(plain) == id;
        }
        catch (IOException)
        {
            return false; // Its own scrub will say what is wrong with it.
        }
    }

    /// <summary>True: all that a delta's unit refers to reads as it should.</summary>
    public bool IsSound(DeltaUnit unit)
    {
        var buffer = new byte[Limits.MaxChunkBytes];
        return unit.Regions.SelectMany(region => _index.ExtentsIn(region.Offset, region.Bytes)).Distinct().All(extent =>
            TryRead(_index.Chunks[_index.Extents[extent].Chunk].Id, _index.Extents[extent].Offset, buffer.AsSpan(0, _index.ExtentBytes(extent))));
    }

    public void Dispose() => File.Dispose();
}
