using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>The chunks a store holds already, and where: a new generation refers to them instead of storing them again.</summary>
internal sealed class KnownChunks
{
    private readonly Dictionary<ChunkId, (FramePlace Frame, int Offset)> _places = [];

    public bool TryFind(ChunkId id, out FramePlace frame, out int offset)
    {
        var found = _places.TryGetValue(id, out var place);
        (frame, offset) = place;
        return found;
    }

    public static KnownChunks Load(ImageStore store)
    {
        var known = new KnownChunks();
        foreach (var generation in store.List())
        {
            known.Add(store.ReadIndex(generation.ManifestDigest), store);
        }

        return known;
    }

    private void Add(ImageIndex index, ImageStore store)
    {
        // A pack someone has removed or cut short is no place to refer to.
        var usable = index.Packs.Select(pack => new FileInfo(store.BlobPath(pack.Id.Digest)) is { Exists: true } file && file.Length == pack.Bytes).ToArray();
        var frames = index.Frames.Select(frame => new FramePlace
        {
            PlainBytes = frame.PlainBytes,
            Encoding = frame.Encoding,
            StoredBytes = frame.StoredBytes,
            Offset = frame.Offset,
            Pack = index.Packs[frame.Pack],
        }).ToArray();
        foreach (var chunk in index.Chunks)
        {
            if (usable[index.Frames[chunk.Frame].Pack])
            {
                _places.TryAdd(chunk.Id, (frames[chunk.Frame], chunk.Offset));
            }
        }
    }
}
