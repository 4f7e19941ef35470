using System.Buffers.Binary;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// What an import has found so far, as row files in its folder, and in memory only a table of ids: about 12 bytes for each chunk of image and store.
/// <code>
/// chunks   id 32, frame u32, offset in the frame u32, bytes u32      extents  offset u64, chunk u32
/// known    index file u32, frame in it u32                           frames   pack, offset, stored, plain, encoding u32
/// packs    id 32, bytes u64
/// </code>
/// A chunk's frame is a row of <c>frames</c>, or with the highest bit set of <c>known</c>: a frame that lies in the store already.
/// The laying step owns chunks, extents and known; the writing step frames and packs.
/// </summary>
internal sealed class ImportLedger : IDisposable
{
    public const uint KnownFrame = 1u << 31;

    private const uint OfImage = 1u << 31;

    private readonly KnownChunks _known;
    private IdTable _table;
    private readonly Dictionary<int, uint[]> _knownFrames = [];
    private int _frameCount;

    /// <exception cref="InvalidDataException">The folder does not hold the rows that were marked.</exception>
    public ImportLedger(string folder, KnownChunks known, LedgerMark at)
    {
        _known = known;
        _table = new IdTable(number => number >= OfImage ? ImageId(number - OfImage) : known.Id(number));
        Chunks = RowFile.Open(Path.Combine(folder, "chunks"), 44, at.Chunks);
        Extents = RowFile.Open(Path.Combine(folder, "extents"), 12, at.Extents);
        Known = RowFile.Open(Path.Combine(folder, "known"), 8, at.Known);
        Frames = RowFile.Open(Path.Combine(folder, "frames"), 20, at.Frames);
        Packs = RowFile.Open(Path.Combine(folder, "packs"), 40, at.Packs);
        _frameCount = at.Frames.Count;
        Restore();
    }

    public RowFile Chunks { get; }

    public RowFile Extents { get; }

    public RowFile Known { get; }

    public RowFile Frames { get; }

    public RowFile Packs { get; }

    /// <summary>A frame that will be stored.</summary>
    public uint NewFrame() => (uint)_frameCount++;

    /// <summary>Adds an extent whose chunk image or store have. False: the chunk is new, <see cref="AddNew"/> it.</summary>
    /// <param name="plain">The chunk's bytes.</param>
    public bool TryAdd(long offset, ChunkId id, ReadOnlySpan<byte> plain)
    {
        if (!_table.TryFind(id, out var number))
        {
            return false;
        }

        if (number >= OfImage)
        {
            AddExtent(offset, number - OfImage);
            return true;
        }

        if (!_known.TryPlace(number, plain, out var file, out var chunk))
        {
            return false;
        }

        var added = AddChunk(offset, id, KnownFrame | FrameOf(file, chunk.Frame), chunk.Offset, chunk.Bytes);
        _table.Replace(id, number, OfImage | added);
        return true;
    }

    /// <summary>Adds an extent and its chunk, which lies at <paramref name="frameOffset"/> of the plain bytes of a new frame.</summary>
    public void AddNew(long offset, ChunkId id, int bytes, uint frame, int frameOffset)
    {
        var wasKnown = _table.TryFind(id, out var number);
        var added = OfImage | AddChunk(offset, id, frame, frameOffset, bytes);
        if (wasKnown)
        {
            _table.Replace(id, number, added);
        }
        else
        {
            _table.Add(id, added);
        }
    }

    /// <summary>Gives the memory of the table of ids back; nothing is added any more.</summary>
    public void ForgetIds() => _table = new IdTable(_ => default);

    /// <summary>Ends a batch: rows of the laying step go to the kernel.</summary>
    public LedgerMark Mark() => LedgerMark.Empty with { Chunks = Chunks.Flush(), Extents = Extents.Flush(), Known = Known.Flush() };

    public void Dispose()
    {
        foreach (var file in (RowFile?[])[Chunks, Extents, Known, Frames, Packs])
        {
            file?.Dispose();
        }
    }

    private uint AddChunk(long offset, ChunkId id, uint frame, int frameOffset, int bytes)
    {
        var number = (uint)Chunks.Count;
        var row = Chunks.Append();
        id.WriteTo(row);
        BinaryPrimitives.WriteUInt32LittleEndian(row[32..], frame);
        BinaryPrimitives.WriteInt32LittleEndian(row[36..], frameOffset);
        BinaryPrimitives.WriteInt32LittleEndian(row[40..], bytes);
        AddExtent(offset, number);
        return number;
    }

    private void AddExtent(long offset, uint chunk)
    {
        var row = Extents.Append();
        BinaryPrimitives.WriteInt64LittleEndian(row, offset);
        BinaryPrimitives.WriteUInt32LittleEndian(row[8..], chunk);
    }

    /// <summary>The row of <c>known</c> for a frame of the store, made at its first use.</summary>
    private uint FrameOf(int file, int frame)
    {
        var rows = RowsOf(file);
        if (rows[frame] == 0)
        {
            var row = Known.Append();
            BinaryPrimitives.WriteInt32LittleEndian(row, file);
            BinaryPrimitives.WriteInt32LittleEndian(row[4..], frame);
            rows[frame] = (uint)Known.Count;
        }

        return rows[frame] - 1;
    }

    /// <summary>For each frame of an index file its row of <c>known</c> + 1, or 0.</summary>
    private uint[] RowsOf(int file)
    {
        if (!_knownFrames.TryGetValue(file, out var rows))
        {
            _knownFrames.Add(file, rows = new uint[_known.File(file).FrameCount]);
        }

        return rows;
    }

    private ChunkId ImageId(uint number)
    {
        Span<byte> id = stackalloc byte[ChunkId.Size];
        Chunks.Read((int)number, id);
        return new ChunkId(id);
    }

    /// <summary>Rows of an interrupted import first: what the image has is not looked for in the store.</summary>
    private void Restore()
    {
        Chunks.ForEach((number, row) => _table.Add(new ChunkId(row), OfImage | (uint)number));
        Known.ForEach((number, row) => RowsOf(BinaryPrimitives.ReadInt32LittleEndian(row))[BinaryPrimitives.ReadInt32LittleEndian(row[4..])] = (uint)number + 1);
        _known.ForEach(_table.TryAdd);
    }
}

/// <summary>A state of a ledger that an interrupted import can go back to.</summary>
internal sealed record LedgerMark(RowMark Chunks, RowMark Extents, RowMark Known, RowMark Frames, RowMark Packs)
{
    /// <summary>False: read from something that was no mark.</summary>
    internal bool IsWhole => ((RowMark?[])[Chunks, Extents, Known, Frames, Packs]).All(mark => mark is { Count: >= 0, Hash: not null });

    public static readonly LedgerMark Empty = new(RowMark.Empty, RowMark.Empty, RowMark.Empty, RowMark.Empty, RowMark.Empty);
}
