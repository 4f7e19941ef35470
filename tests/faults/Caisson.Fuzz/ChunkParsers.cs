using System.Collections.Immutable;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Fuzz;

/// <summary>The formats of Caisson.Chunks. Checksums are made right here, or nothing would get past them.</summary>
internal static class ChunkParsers
{
    public const int PlainBytes = 32 * 1024;

    private static readonly byte[] Plain = MakePlain(1);

    public static Parser Index { get; } = new("index", ParseIndex, () => [SampleIndex().Encode()[..^ChunkId.Size]]);

    /// <summary>The same bytes, read row by row from a file.</summary>
    public static Parser IndexFile { get; } = new("index-file", ParseIndexFile, () => [SampleIndex().Encode()[..^ChunkId.Size]]);

    public static Parser Frame { get; } = new("frame", ParseFrame, () => [Compressed(3), Compressed(19), SamplePack()]);

    /// <summary>Four chunks in two frames of one pack, one of them in two places, with holes between.</summary>
    public static ImageIndex SampleIndex()
    {
        var pack = ImmutableArray.Create(new PackEntry(ChunkId.Of("pack"u8), 200_000));
        var frames = ImmutableArray.Create(new FrameEntry(0, 16, 40_000, 100_000, FrameEncoding.Zstd), new FrameEntry(0, 40_016, 50_000, 50_000, FrameEncoding.Stored));
        var chunks = ImmutableArray.Create(
            new ChunkEntry(ChunkId.Of("a"u8), 0, 0, 40_960), new ChunkEntry(ChunkId.Of("b"u8), 0, 40_960, 59_040),
            new ChunkEntry(ChunkId.Of("c"u8), 1, 0, 20_480), new ChunkEntry(ChunkId.Of("d"u8), 1, 20_480, 29_520));
        var extents = ImmutableArray.Create(new ImageExtent(0, 0), new ImageExtent(49_152, 1), new ImageExtent(131_072, 2), new ImageExtent(163_840, 0), new ImageExtent(262_144, 3));
        return new ImageIndex(300_000, pack, frames, chunks, extents);
    }

    private static bool ParseIndex(byte[] bytes)
    {
        ImageIndex index;
        try
        {
            index = ImageIndex.Decode([.. bytes, .. SHA256.HashData(bytes)]);
        }
        catch (ChunkException)
        {
            return false;
        }

        var map = new FrameMap(index);
        var data = 0L;
        for (var chunk = 0; chunk < index.Chunks.Length; chunk++)
        {
            foreach (var extent in map.ExtentsOf(chunk))
            {
                data += index.ExtentBytes(extent);
                Parsers.Require(index.Extents[extent].Offset >= 0 && index.Extents[extent].Offset + index.ExtentBytes(extent) <= index.ImageBytes, "An extent leaves the image.");
            }
        }

        Parsers.Require(data == index.DataBytes && data <= index.ImageBytes, "The extents do not add up.");
        Parsers.Require(ImageIndex.Decode(index.Encode()).DataBytes == data, "What was read cannot be written and read again.");
        return true;
    }

    private static bool ParseIndexFile(byte[] bytes)
    {
        var whole = (byte[])[.. bytes, .. SHA256.HashData(bytes)];
        using var scratch = new ScratchFile(whole);
        try
        {
            using var index = ImageIndexFile.Open(scratch.Path, ChunkId.Of(whole));
            for (var frame = 0; frame < index.FrameCount; frame++)
            {
                var row = index.Frame(frame);
                Parsers.Require(row.Pack < index.PackCount && (long)row.Offset + row.StoredBytes <= index.Pack(row.Pack).Bytes, "A frame leaves its pack.");
            }

            for (var chunk = 0; chunk < index.ChunkCount; chunk++)
            {
                var row = index.Chunk(chunk);
                Parsers.Require(row.Id == index.IdOf(chunk) && (long)row.Offset + row.Bytes <= index.Frame(row.Frame).PlainBytes, "A chunk leaves its frame.");
            }

            Parsers.Require(index.ChunkIds().Count() == index.ChunkCount, "The ids are not as many as the chunks.");
            return true;
        }
        catch (ChunkException)
        {
            return false;
        }
    }

    private static bool ParseFrame(byte[] bytes)
    {
        using var codec = new FrameCodec();
        return Takes(() => codec.Decode(FrameEncoding.Zstd, bytes, new byte[PlainBytes])) | Takes(() => PackFormat.CheckHeader(bytes));

        static bool Takes(Action parse)
        {
            try
            {
                parse();
                return true;
            }
            catch (ChunkException)
            {
                return false;
            }
        }
    }

    private static byte[] SamplePack()
    {
        using var pack = new MemoryStream();
        using var writer = new PackWriter(pack);
        writer.Append(Plain);
        writer.Finish();
        return pack.ToArray()[..64];
    }

    private static byte[] Compressed(int level)
    {
        using var codec = new FrameCodec(level);
        var stored = new byte[PlainBytes];
        var (_, length) = codec.Encode(Plain, stored);
        return stored[..length];
    }

    public static byte[] MakePlain(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, PlainBytes).Select(i => (byte)(i % 7 == 0 ? random.Next(256) : "Caisson "[i % 8]))];
    }
}
