namespace Caisson.FileSystems.Fat;

/// <summary>The first allocation table, read a piece at a time.</summary>
internal sealed class FatTable(IReadableDisk disk, FatLayout layout)
{
    private const int PieceBytes = 48 * 1024; // a multiple of 12, 16 and 32 bits, and of what FAT12 packs two entries into
    private readonly byte[] _piece = new byte[PieceBytes + 4];
    private long _pieceOffset = -1;

    /// <summary>The highest number of an entry of this width; from 7 below it on, a chain ends.</summary>
    public uint End => layout.Bits switch { 12 => 0xfff, 16 => 0xffff, _ => 0x0fffffff };

    public uint this[uint cluster]
    {
        get
        {
            var at = cluster * (long)layout.Bits / 8;
            if (_pieceOffset < 0 || at < _pieceOffset || at >= _pieceOffset + PieceBytes)
            {
                _pieceOffset = at / PieceBytes * PieceBytes;
                disk.ReadUpTo(layout.TableOffset + _pieceOffset, _piece);
            }

            var inside = (int)(at - _pieceOffset);
            return layout.Bits switch
            {
                12 => (cluster & 1) == 0 ? _piece.U16(inside) & 0xfffu : (uint)_piece.U16(inside) >> 4,
                16 => _piece.U16(inside),
                _ => _piece.U32(inside) & 0x0fffffff,
            };
        }
    }

    /// <summary>Clusters of a chain as pieces that follow each other on the disk. At most as many as there are: a loop ends in an exception.</summary>
    public IEnumerable<(uint Cluster, long Count)> Chain(uint first)
    {
        if (first == 0)
        {
            yield break;
        }

        var (start, count, seen) = (first, 0L, 0L);
        for (var cluster = first; ;)
        {
            if (!layout.IsCluster(cluster) || ++seen > layout.Clusters)
            {
                throw FileSystemException.Damaged("A chain of clusters is damaged.");
            }

            count++;
            var next = this[cluster];
            if (next != cluster + 1)
            {
                yield return (start, count);
                (start, count) = (next, 0);
            }

            if (next >= End - 7)
            {
                yield break;
            }

            cluster = next;
        }
    }
}
