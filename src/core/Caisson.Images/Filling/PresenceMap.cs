using System.Buffers.Binary;
using System.Collections;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Which parts of an image file are here. In memory one bit for each 4 KiB block near an extent, so that a read is answered with a few loads and no
/// lock, and memory follows the data, not the size of the disk; on disk one bit for each extent. A bit is set only after its bytes are written, and saved only after they are durable.
/// <para>
/// After the power went off the saved bits are only <em>claims</em>: a disk that lied about a flush would make them wrong. A claimed extent is not
/// present until its bytes were read and compared; the saved map keeps the claim meanwhile, so that a second power cut costs no fetching.
/// </para>
/// </summary>
internal sealed class PresenceMap
{
    private const int HeaderBytes = 48;

    /// <summary>Blocks of one page of bits: 64 MiB of disk. A disk of 64 TiB has a million pages.</summary>
    private const int PageBits = 14;
    private const int PageMask = (1 << PageBits) - 1;

    private readonly ImageIndex _index;
    private readonly ulong[]?[] _pages;
    private readonly ulong[] _extents;
    private readonly ulong[] _claims;
    private long _presentBytes;
    private long _claimedBytes;
    private long _changes;

    public PresenceMap(ImageIndex index)
    {
        _index = index;
        _pages = new ulong[(index.ImageBytes / Limits.BlockBytes >> PageBits) + 1][];
        _extents = new ulong[(index.Extents.Length / 64) + 1];
        _claims = new ulong[_extents.Length];
        for (var extent = 0; extent < index.Extents.Length; extent++)
        {
            var (first, last) = BlocksOf(extent);
            for (var block = first; block <= last; block++)
            {
                if (_pages[block >> PageBits] is null)
                {
                    Array.Fill(_pages[block >> PageBits] = new ulong[1 << (PageBits - 6)], ulong.MaxValue);
                }

                WordOf(block) &= ~(1UL << (int)(block & 63));
            }
        }
    }

    private static ReadOnlySpan<byte> Magic => "CAISPRES"u8;

    /// <summary>Bytes in extents that are here.</summary>
    public long PresentBytes => Interlocked.Read(ref _presentBytes);

    /// <summary>Bytes in extents that were here before the power went off and have not been compared since.</summary>
    public long ClaimedBytes => Interlocked.Read(ref _claimedBytes);

    /// <summary>Counts up with every change of what is present, after it.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    public bool IsFull => PresentBytes == _index.DataBytes;

    /// <summary>True: every byte of the range is here or in a hole.</summary>
    public bool IsPresent(long offset, long length)
    {
        var (block, last) = (offset / Limits.BlockBytes, (offset + length - 1) / Limits.BlockBytes);
        while (block <= last)
        {
            if (_pages[block >> PageBits] is not { } page)
            {
                block = ((block >> PageBits) + 1) << PageBits;
                continue;
            }

            var inWord = (int)Math.Min(64 - (block & 63), last - block + 1);
            var mask = (inWord == 64 ? ulong.MaxValue : (1UL << inWord) - 1) << (int)(block & 63);
            if ((Volatile.Read(ref page[(block & PageMask) >> 6]) & mask) != mask)
            {
                return false;
            }

            block += inWord;
        }

        return true;
    }

    public bool HasExtent(int extent) => (Volatile.Read(ref _extents[extent >> 6]) & (1UL << (extent & 63))) != 0;

    public bool HasClaim(int extent) => (Volatile.Read(ref _claims[extent >> 6]) & (1UL << (extent & 63))) != 0;

    /// <summary>Says that an extent's bytes are written, or that a claim holds. Any thread, any number of times.</summary>
    public void Mark(int extent)
    {
        var bit = 1UL << (extent & 63);
        if ((Interlocked.Or(ref _extents[extent >> 6], bit) & bit) != 0)
        {
            return;
        }

        var (first, last) = BlocksOf(extent);
        for (var block = first; block <= last; block++)
        {
            Interlocked.Or(ref WordOf(block), 1UL << (int)(block & 63));
        }

        Interlocked.Add(ref _presentBytes, _index.ExtentBytes(extent));
        Interlocked.Increment(ref _changes);
        TakeClaimBack(extent); // Last, so that a map saved meanwhile has the one or the other.
    }

    /// <summary>The bytes behind a claim are not what they should be.</summary>
    public void TakeClaimBack(int extent)
    {
        var bit = 1UL << (extent & 63);
        if ((Interlocked.And(ref _claims[extent >> 6], ~bit) & bit) != 0)
        {
            Interlocked.Add(ref _claimedBytes, -_index.ExtentBytes(extent));
            Interlocked.Increment(ref _changes);
        }
    }

    /// <summary>Says that an extent's bytes turned out to be damaged: it is absent from here on.</summary>
    public void Unmark(int extent)
    {
        TakeClaimBack(extent);
        var bit = 1UL << (extent & 63);
        if ((Interlocked.And(ref _extents[extent >> 6], ~bit) & bit) == 0)
        {
            return;
        }

        var (first, last) = BlocksOf(extent);
        for (var block = first; block <= last; block++)
        {
            Interlocked.And(ref WordOf(block), ~(1UL << (int)(block & 63)));
        }

        Interlocked.Add(ref _presentBytes, -_index.ExtentBytes(extent));
        Interlocked.Increment(ref _changes);
    }

    /// <summary>
    /// The map as it is saved: magic, major 1 u16, minor 0 u16, extent count u32, manifest id 32, one bit for each extent, SHA-256 of all before.
    /// </summary>
    public byte[] Encode(ChunkId manifest)
    {
        var bytes = new byte[EncodedBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), _index.Extents.Length);
        manifest.WriteTo(bytes.AsSpan(16));
        for (var word = 0; word < _extents.Length; word++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(HeaderBytes + (word * 8)), Volatile.Read(ref _extents[word]) | Volatile.Read(ref _claims[word]));
        }

        ChunkId.Of(bytes.AsSpan(..^ChunkId.Size)).WriteTo(bytes.AsSpan(^ChunkId.Size..));
        return bytes;
    }

    /// <summary>Takes a saved map over. False: it is damaged or of another image; nothing is present then, and all is fetched again.</summary>
    /// <param name="isTrusted">False: what it says is taken as claims.</param>
    public bool TryLoad(ReadOnlySpan<byte> bytes, ChunkId manifest, bool isTrusted = true)
    {
        if (bytes.Length != EncodedBytes || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) != 1
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) != _index.Extents.Length || new ChunkId(bytes[16..]) != manifest
            || ChunkId.Of(bytes[..^ChunkId.Size]) != new ChunkId(bytes[^ChunkId.Size..]))
        {
            return false;
        }

        var bits = new BitArray(bytes[HeaderBytes..^ChunkId.Size].ToArray());
        for (var extent = 0; extent < _index.Extents.Length; extent++)
        {
            if (bits[extent] && isTrusted)
            {
                Mark(extent);
            }
            else if (bits[extent])
            {
                _claims[extent >> 6] |= 1UL << (extent & 63);
                _claimedBytes += _index.ExtentBytes(extent);
            }
        }

        return true;
    }

    private int EncodedBytes => HeaderBytes + (_extents.Length * 8) + ChunkId.Size;

    /// <summary>The word of a block in an extent.</summary>
    private ref ulong WordOf(long block) => ref _pages[block >> PageBits]![(block & PageMask) >> 6];

    private (long First, long Last) BlocksOf(int extent)
    {
        var offset = _index.Extents[extent].Offset;
        return (offset / Limits.BlockBytes, (offset + _index.ExtentBytes(extent) - 1) / Limits.BlockBytes);
    }
}
