using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Chunk id → a number, in 10 to 12 bytes of memory each: a slot holds 32 bits of the id's hash and the number; the id itself stays in its file, where
/// <paramref name="idOf"/> reads it to settle a match. 4096 segments by 12 more bits of hash grow one by one, so growing needs no room for two tables.
/// <para>
/// Ids are not taken as they come: an index that somebody pushed may claim a million of them that differ only where this table does not look. Places are
/// multilinear hashes (Carter and Wegman, "Universal classes of hash functions", 1979) with a secret of this table.
/// </para>
/// </summary>
internal sealed class IdTable(Func<uint, ChunkId> idOf)
{
    private const int SegmentBits = 12;

    private const int WordsOfId = ChunkId.Size / sizeof(uint);

    /// <summary>For each of two hashes a factor for each word of an id, and what the sum begins from.</summary>
    private readonly ulong[] _secret = MemoryMarshal.Cast<byte, ulong>(RandomNumberGenerator.GetBytes(2 * (WordsOfId + 1) * sizeof(ulong))).ToArray();

    private readonly Segment[] _segments = [.. Enumerable.Range(0, 1 << SegmentBits).Select(_ => new Segment())];

    public bool TryFind(ChunkId id, out uint number)
    {
        var (segment, tag) = Place(id);
        for (var slot = segment.First(tag); segment.Slots[slot] != 0; slot = segment.Next(slot))
        {
            if ((uint)(segment.Slots[slot] >> 32) == tag && idOf(number = Number(segment.Slots[slot])) == id)
            {
                return true;
            }
        }

        number = 0;
        return false;
    }

    /// <summary>Adds an id that <see cref="TryFind"/> has not found.</summary>
    /// <param name="number">Below 2^32 − 1.</param>
    public void Add(ChunkId id, uint number)
    {
        var (segment, tag) = Place(id);
        segment.Add(tag, number);
    }

    /// <summary>
    /// Adds an id unless it, or one that shares 44 bits of hash with it, is here. Reads no file; for what is added only so that it may be found.
    /// </summary>
    public void TryAdd(ChunkId id, uint number)
    {
        var (segment, tag) = Place(id);
        for (var slot = segment.First(tag); segment.Slots[slot] != 0; slot = segment.Next(slot))
        {
            if ((uint)(segment.Slots[slot] >> 32) == tag)
            {
                return;
            }
        }

        segment.Add(tag, number);
    }

    /// <summary>Gives an id that is here another number.</summary>
    public void Replace(ChunkId id, uint old, uint number)
    {
        var (segment, tag) = Place(id);
        var slot = segment.First(tag);
        while (segment.Slots[slot] != Segment.Slot(tag, old))
        {
            slot = segment.Next(slot);
        }

        segment.Slots[slot] = Segment.Slot(tag, number);
    }

    private static uint Number(ulong slot) => (uint)slot - 1;

    private (Segment Segment, uint Tag) Place(ChunkId id)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.Size];
        id.WriteTo(bytes);
        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        var (segment, tag) = (_secret[WordsOfId], _secret[^1]);
        for (var word = 0; word < WordsOfId; word++)
        {
            segment += _secret[word] * words[word];
            tag += _secret[WordsOfId + 1 + word] * words[word];
        }

        // The upper halves of the sums are what is universal.
        return (_segments[segment >> (64 - SegmentBits)], (uint)(tag >> 32));
    }

    private sealed class Segment
    {
        private int _used;

        /// <summary>Upper half: tag; lower half: number + 1; 0: empty.</summary>
        public ulong[] Slots { get; private set; } = new ulong[8];

        public static ulong Slot(uint tag, uint number) => ((ulong)tag << 32) | (number + 1);

        public int First(uint tag) => (int)(((ulong)tag * (uint)Slots.Length) >> 32);

        public int Next(int slot) => slot + 1 == Slots.Length ? 0 : slot + 1;

        public void Add(uint tag, uint number)
        {
            if (_used >= Slots.Length * 7 / 8)
            {
                Grow();
            }

            Put(Slot(tag, number));
            _used++;
        }

        private void Grow()
        {
            var old = Slots;
            Slots = new ulong[Slots.Length + Math.Max(8, Slots.Length / 4)];
            foreach (var slot in old)
            {
                if (slot != 0)
                {
                    Put(slot);
                }
            }
        }

        private void Put(ulong value)
        {
            var slot = First((uint)(value >> 32));
            while (Slots[slot] != 0)
            {
                slot = Next(slot);
            }

            Slots[slot] = value;
        }
    }
}
