using System.Buffers.Binary;
using System.Globalization;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Writes frames into packs, each a synced file in one folder, and what it wrote into the ledger.</summary>
internal sealed class PackFolder(string directory, ImportLedger ledger) : IDisposable
{
    private FileStream? _file;
    private PackWriter? _pack;

    /// <summary>False: all that was appended lies in finished packs.</summary>
    public bool IsOpen => _pack is not null;

    /// <summary>True: the pack has its size; <see cref="Close"/> it at the end of the batch.</summary>
    public bool IsFull => _pack is { IsFull: true };

    /// <summary>Packs that are whole, in order.</summary>
    public IReadOnlyList<(string File, PackEntry Pack)> Finished()
    {
        var packs = new List<(string, PackEntry)>();
        ledger.Packs.ForEach((number, row) => packs.Add((FileOf(number), new PackEntry(new ChunkId(row), BinaryPrimitives.ReadInt64LittleEndian(row[32..])))));
        return packs;
    }

    private string FileOf(int number) => Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"pack-{number}"));

    public void Append(PackedFrame frame)
    {
        // Not CreateNew: what an interrupted import had not finished is written again.
        _file ??= new FileStream(FileOf(ledger.Packs.Count), FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 18);
        _pack ??= new PackWriter(_file);
        var row = ledger.Frames.Append();
        BinaryPrimitives.WriteInt32LittleEndian(row, ledger.Packs.Count);
        BinaryPrimitives.WriteInt32LittleEndian(row[4..], _pack.Append(frame.Stored));
        BinaryPrimitives.WriteInt32LittleEndian(row[8..], frame.StoredBytes);
        BinaryPrimitives.WriteInt32LittleEndian(row[12..], frame.PlainBytes);
        BinaryPrimitives.WriteInt32LittleEndian(row[16..], (int)frame.Encoding);
    }

    /// <summary>Ends the open pack, if any.</summary>
    public void Close()
    {
        if (_pack is null || _file is null)
        {
            return;
        }

        var entry = _pack.Finish();
        _file.Flush(flushToDisk: true);
        Dispose();
        var row = ledger.Packs.Append();
        entry.Id.WriteTo(row);
        BinaryPrimitives.WriteInt64LittleEndian(row[32..], entry.Bytes);
    }

    public void Dispose()
    {
        _pack?.Dispose();
        _file?.Dispose();
        (_pack, _file) = (null, null);
    }
}
