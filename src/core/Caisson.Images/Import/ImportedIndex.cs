using System.Buffers.Binary;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// A finished ledger → the index file. Packs come in the order of their first use, frames by pack and offset. Needs 16 bytes of memory for each
/// frame (a quarter of a MiB of new data) and some for each pack; chunks and extents only pass through.
/// </summary>
internal sealed class ImportedIndex
{
    private readonly ImportLedger _ledger;
    private readonly KnownChunks _known;
    private readonly Dictionary<ChunkId, int> _packNumbers = [];
    private readonly List<PackEntry> _packs = [];
    private readonly List<PackEntry> _packsByUse = [];
    private readonly int[] _packOfFrame;
    private readonly int[] _offsetOfFrame;

    private ImportedIndex(ImportLedger ledger, KnownChunks known)
    {
        _ledger = ledger;
        _known = known;
        _packOfFrame = new int[ledger.Frames.Count + ledger.Known.Count];
        _offsetOfFrame = new int[_packOfFrame.Length];
    }

    /// <summary>In the order of their first use.</summary>
    public IReadOnlyList<PackEntry> Packs => _packsByUse;

    public int ChunkCount => _ledger.Chunks.Count;

    public long Bytes { get; private set; }

    /// <summary>Stored bytes of all frames the image takes chunks from.</summary>
    public long FrameBytes { get; private set; }

    public string Digest { get; private set; } = "";

    /// <exception cref="ChunkException">Invalid: more than an index may hold, or an index of the store has overlapping frames.</exception>
    public static ImportedIndex Write(ImportLedger ledger, KnownChunks known, long imageBytes, string path)
    {
        var index = new ImportedIndex(ledger, known);
        index.LoadFrames();
        var places = index.Rank(index.OrderPacks());
        index.Write(imageBytes, places.Sorted, places.RankOf, path);
        return index;
    }

    /// <summary>Every extent in order: its place on the disk and its chunk.</summary>
    public void ForEachExtent(Action<long, int> visit) =>
        _ledger.Extents.ForEach((_, row) => visit(BinaryPrimitives.ReadInt64LittleEndian(row), BinaryPrimitives.ReadInt32LittleEndian(row[8..])));

    /// <summary>A chunk's size, and how many stored bytes each of its bytes is, by its frame.</summary>
    public (int Bytes, double StoredPerByte) Chunk(int number)
    {
        Span<byte> row = stackalloc byte[44];
        _ledger.Chunks.Read(number, row);
        var frame = Frame(FrameOf(row));
        return (ReadInt(row, 40), (double)frame.StoredBytes / frame.PlainBytes);
    }

    private void LoadFrames()
    {
        _ledger.Packs.ForEach((_, row) => Add(new PackEntry(new ChunkId(row), BinaryPrimitives.ReadInt64LittleEndian(row[32..]))));
        _ledger.Frames.ForEach((number, row) =>
        {
            // New packs were added first and in order, so a row's pack number is its place in the list.
            _packOfFrame[number] = BinaryPrimitives.ReadInt32LittleEndian(row);
            _offsetOfFrame[number] = BinaryPrimitives.ReadInt32LittleEndian(row[4..]);
        });
        _ledger.Known.ForEach((number, row) =>
        {
            var file = _known.File(BinaryPrimitives.ReadInt32LittleEndian(row));
            var frame = file.Frame(BinaryPrimitives.ReadInt32LittleEndian(row[4..]));
            var at = _ledger.Frames.Count + number;
            _packOfFrame[at] = Add(file.Pack(frame.Pack));
            _offsetOfFrame[at] = frame.Offset;
        });
    }

    private int Add(PackEntry pack)
    {
        if (!_packNumbers.TryGetValue(pack.Id, out var number))
        {
            _packNumbers.Add(pack.Id, number = _packs.Count);
            _packs.Add(pack);
        }

        return number;
    }

    /// <returns>For each pack its rank by first use.</returns>
    private int[] OrderPacks()
    {
        var ranks = new int[_packs.Count];
        Array.Fill(ranks, -1);
        _ledger.Chunks.ForEach((_, row) =>
        {
            ref var rank = ref ranks[_packOfFrame[FrameOf(row)]];
            if (rank < 0)
            {
                rank = _packsByUse.Count;
                _packsByUse.Add(_packs[_packOfFrame[FrameOf(row)]]);
            }
        });
        return ranks;
    }

    private (int[] Sorted, int[] RankOf) Rank(int[] packRanks)
    {
        var keys = new long[_packOfFrame.Length];
        var sorted = new int[keys.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = ((long)packRanks[_packOfFrame[i]] << 32) | (uint)_offsetOfFrame[i];
            sorted[i] = i;
            _packOfFrame[i] = packRanks[_packOfFrame[i]];
        }

        Array.Sort(keys, sorted);
        var rankOf = _offsetOfFrame;
        for (var i = 0; i < sorted.Length; i++)
        {
            rankOf[sorted[i]] = i;
        }

        return (sorted, rankOf);
    }

    private void Write(long imageBytes, int[] sorted, int[] rankOf, string path)
    {
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 18))
        using (var writer = new ImageIndexWriter(file, imageBytes, _packsByUse.Count, sorted.Length, ChunkCount, _ledger.Extents.Count))
        {
            _packsByUse.ForEach(writer.Pack);
            WriteFrames(writer, sorted);
            _ledger.Chunks.ForEach((_, row) => writer.Chunk(new ChunkEntry(
                new ChunkId(row),
                rankOf[FrameOf(row)],
                BinaryPrimitives.ReadInt32LittleEndian(row[36..]),
                BinaryPrimitives.ReadInt32LittleEndian(row[40..]))));
            _ledger.Extents.ForEach((_, row) => writer.Extent(new ImageExtent(BinaryPrimitives.ReadInt64LittleEndian(row), BinaryPrimitives.ReadInt32LittleEndian(row[8..]))));
            Bytes = writer.Finish();
            file.Flush(flushToDisk: true);
        }

        using var written = File.OpenRead(path);
        Digest = new ChunkId(SHA256.HashData(written)).Digest;
    }

    private void WriteFrames(ImageIndexWriter writer, int[] sorted)
    {
        var (pack, end) = (-1, 0L);
        foreach (var number in sorted)
        {
            var frame = Frame(number);
            if (frame.Pack == pack && frame.Offset < end)
            {
                throw new ChunkException(ChunkError.Invalid, "The index of a generation in this store is damaged or hostile: its frames overlap. Remove that generation.");
            }

            (pack, end) = (frame.Pack, (long)frame.Offset + frame.StoredBytes);
            FrameBytes += frame.StoredBytes;
            writer.Frame(frame);
        }
    }

    /// <summary>With its pack's rank.</summary>
    private FrameEntry Frame(int number)
    {
        Span<byte> row = stackalloc byte[20];
        if (number < _ledger.Frames.Count)
        {
            _ledger.Frames.Read(number, row);
            return new FrameEntry(_packOfFrame[number], ReadInt(row, 4), ReadInt(row, 8), ReadInt(row, 12), (FrameEncoding)ReadInt(row, 16));
        }

        _ledger.Known.Read(number - _ledger.Frames.Count, row[..8]);
        return _known.File(ReadInt(row, 0)).Frame(ReadInt(row, 4)) with { Pack = _packOfFrame[number] };
    }

    /// <summary>New frames first, then those of the store.</summary>
    private int FrameOf(ReadOnlySpan<byte> chunkRow)
    {
        var frame = BinaryPrimitives.ReadUInt32LittleEndian(chunkRow[32..]);
        return frame >= ImportLedger.KnownFrame ? _ledger.Frames.Count + (int)(frame - ImportLedger.KnownFrame) : (int)frame;
    }

    private static int ReadInt(ReadOnlySpan<byte> row, int at) => BinaryPrimitives.ReadInt32LittleEndian(row[at..]);
}
