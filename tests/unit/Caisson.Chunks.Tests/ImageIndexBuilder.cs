using System.Collections.Immutable;

namespace Caisson.Chunks.Tests;

/// <summary>Where a frame has come to lie; filled in once its pack is closed.</summary>
internal sealed class FramePlace
{
    public int PlainBytes { get; set; }

    public FrameEncoding Encoding { get; set; }

    public int StoredBytes { get; set; }

    /// <summary>Offset in its pack.</summary>
    public int Offset { get; set; }

    public PackEntry Pack { get; set; }
}

/// <summary>Collects extents and chunks in disk order and makes the index of them.</summary>
internal sealed class ImageIndexBuilder
{
    private readonly Dictionary<ChunkId, int> _numbers = [];
    private readonly List<(ChunkId Id, FramePlace Frame, int Offset, int Bytes)> _chunks = [];
    private readonly List<ImageExtent> _extents = [];

    public int ChunkCount => _chunks.Count;

    /// <summary>Adds an extent whose chunk this image has already. False: the chunk is new to the image, <see cref="Add"/> it.</summary>
    public bool TryAddKnown(long offset, ChunkId id)
    {
        if (!_numbers.TryGetValue(id, out var number))
        {
            return false;
        }

        _extents.Add(new ImageExtent(offset, number));
        return true;
    }

    /// <summary>Adds an extent and its chunk, which lies at <paramref name="frameOffset"/> of the plain bytes of <paramref name="frame"/>.</summary>
    public void Add(long offset, ChunkId id, int bytes, FramePlace frame, int frameOffset)
    {
        _numbers.Add(id, _chunks.Count);
        _extents.Add(new ImageExtent(offset, _chunks.Count));
        _chunks.Add((id, frame, frameOffset, bytes));
    }

    /// <summary>Makes the index: packs in order of first use, frames ordered by pack and offset.</summary>
    public ImageIndex Build(long imageBytes)
    {
        var packNumbers = new Dictionary<ChunkId, int>();
        var packs = ImmutableArray.CreateBuilder<PackEntry>();
        foreach (var (_, frame, _, _) in _chunks)
        {
            if (packNumbers.TryAdd(frame.Pack.Id, packs.Count))
            {
                packs.Add(frame.Pack);
            }
        }

        var places = _chunks.Select(chunk => chunk.Frame).Distinct()
            .OrderBy(frame => packNumbers[frame.Pack.Id]).ThenBy(frame => frame.Offset).ToList();
        var frameNumbers = places.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        var frames = places.Select(frame => new FrameEntry(packNumbers[frame.Pack.Id], frame.Offset, frame.StoredBytes, frame.PlainBytes, frame.Encoding));
        var chunks = _chunks.Select(chunk => new ChunkEntry(chunk.Id, frameNumbers[chunk.Frame], chunk.Offset, chunk.Bytes));
        return new ImageIndex(imageBytes, packs.ToImmutable(), [.. frames], [.. chunks], [.. _extents]);
    }
}
