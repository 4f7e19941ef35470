namespace Caisson.Chunks;

/// <summary>What makes an index legal. Everything that later indexes an array or a file by these numbers relies on it.</summary>
internal static class ImageIndexRules
{
    /// <returns>Bytes in extents.</returns>
    /// <exception cref="ChunkException">Invalid.</exception>
    public static long Check(ImageIndex index)
    {
        Require(index.ImageBytes is >= 0 and <= Limits.MaxImageBytes, "its image size is out of range");
        foreach (var pack in index.Packs)
        {
            Require(pack.Bytes is > PackFormat.HeaderBytes and <= Limits.MaxPackBytes, "a pack's size is out of range");
        }

        CheckFrames(index);
        CheckChunks(index);
        return CheckExtents(index);
    }

    private static void CheckFrames(ImageIndex index)
    {
        var (pack, end) = (0, (long)PackFormat.HeaderBytes);
        foreach (var frame in index.Frames)
        {
            Require(frame.Pack >= pack && frame.Pack < index.Packs.Length, "a frame names no pack, or frames are out of order");
            if (frame.Pack > pack)
            {
                (pack, end) = (frame.Pack, PackFormat.HeaderBytes);
            }

            Require(frame.Encoding is FrameEncoding.Stored or FrameEncoding.Zstd, "a frame has an encoding this version does not know");
            Require(frame.PlainBytes is > 0 and <= Limits.MaxFramePlainBytes, "a frame's plain size is out of range");
            Require(frame.StoredBytes > 0 && frame.StoredBytes <= frame.PlainBytes, "a frame's stored size is out of range");
            Require(frame.Encoding != FrameEncoding.Stored || frame.StoredBytes == frame.PlainBytes, "a stored frame's sizes differ");
            Require(frame.Offset >= end && (long)frame.Offset + frame.StoredBytes <= index.Packs[pack].Bytes, "a frame overlaps another or leaves its pack");
            end = (long)frame.Offset + frame.StoredBytes;
        }
    }

    private static void CheckChunks(ImageIndex index)
    {
        var seen = new HashSet<ChunkId>(index.Chunks.Length);
        foreach (var chunk in index.Chunks)
        {
            Require((uint)chunk.Frame < (uint)index.Frames.Length, "a chunk names no frame");
            Require(chunk.Bytes is > 0 and <= Limits.MaxChunkBytes, "a chunk's size is out of range");
            Require(chunk.Offset >= 0 && (long)chunk.Offset + chunk.Bytes <= index.Frames[chunk.Frame].PlainBytes, "a chunk leaves its frame");
            Require(seen.Add(chunk.Id), "a chunk is listed twice");
        }
    }

    private static long CheckExtents(ImageIndex index)
    {
        var (end, data) = (0L, 0L);
        foreach (var extent in index.Extents)
        {
            Require((uint)extent.Chunk < (uint)index.Chunks.Length, "an extent names no chunk");
            Require(extent.Offset >= end && extent.Offset % Limits.BlockBytes == 0, "extents overlap, are out of order or not on a block boundary");
            var bytes = index.Chunks[extent.Chunk].Bytes;
            Require(extent.Offset <= index.ImageBytes - bytes, "an extent leaves the image");
            end = extent.Offset + bytes;
            data += bytes;
        }

        return data;
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ChunkException(ChunkError.Invalid, $"The index is damaged or hostile: {what}.");
        }
    }
}
