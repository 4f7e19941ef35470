using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Caisson.Chunks;

/// <summary>
/// Finds how new bytes follow old ones that differ in single bytes only, as machine code does when addresses have moved: an exact match of
/// <see cref="SeedBytes"/> fixes an alignment, which is followed while at least half of each <see cref="Window"/> bytes agree.
/// Linear time, after Percival's bsdiff ("Naive differences of executable code", 2003), which sorts suffixes instead. One thread at a time.
/// </summary>
internal sealed class ByteDifference
{
    private const int SeedBytes = 16;
    private const int Window = 32;
    private const int LeastAgreeing = 16;

    /// <summary>Old positions are kept one in four: a match of 19 bytes is always found.</summary>
    private const int SeedStep = 4;

    private int[] _seeds = [];
    private int _shift;

    /// <summary>The three streams of <see cref="DifferenceStreams"/>; valid until the next call.</summary>
    public DifferenceStreams Streams { get; } = new();

    /// <summary>Splits <paramref name="plain"/> into <see cref="Streams"/>.</summary>
    public void Split(ReadOnlySpan<byte> reference, ReadOnlySpan<byte> plain)
    {
        Streams.Clear();
        IndexSeeds(reference);
        var (done, position, expected) = (0, 0, 0);
        while (position <= plain.Length - SeedBytes)
        {
            var match = Find(reference, plain, position, position + expected);
            if (match < 0)
            {
                position++;
                continue;
            }

            var (start, oldStart) = ExtendBack(reference, plain, position, match, done);
            var length = Follow(reference[oldStart..], plain[start..]);
            Streams.Add(plain[done..start], reference.Slice(oldStart, length), plain.Slice(start, length), oldStart);
            expected = oldStart - start;
            done = start + length;
            position = done;
        }

        Streams.Add(plain[done..], [], [], 0);
    }

    /// <summary>Where in the reference the seed at a position of the new bytes lies; −1: nowhere known.</summary>
    private int Find(ReadOnlySpan<byte> reference, ReadOnlySpan<byte> plain, int position, int expected)
    {
        var seed = plain.Slice(position, SeedBytes);
        var candidate = _seeds[Slot(seed)] - 1;
        if (candidate >= 0 && reference.Slice(candidate, SeedBytes).SequenceEqual(seed))
        {
            return expected >= 0 && expected <= reference.Length - SeedBytes && reference.Slice(expected, SeedBytes).SequenceEqual(seed) ? expected : candidate;
        }

        return -1;
    }

    private void IndexSeeds(ReadOnlySpan<byte> reference)
    {
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(reference.Length / SeedStep * 2, 1024));
        if (_seeds.Length < slots)
        {
            _seeds = new int[slots];
        }
        else
        {
            _seeds.AsSpan(0, slots).Clear();
        }

        _shift = 64 - BitOperations.Log2((uint)slots);
        for (var position = 0; position <= reference.Length - SeedBytes; position += SeedStep)
        {
            ref var slot = ref _seeds[Slot(reference.Slice(position, SeedBytes))];
            slot = slot == 0 ? position + 1 : slot;
        }
    }

    private int Slot(ReadOnlySpan<byte> seed)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(seed);
        return (int)(((words[0] * 0x9E3779B97F4A7C15) ^ BitOperations.RotateLeft(words[1] * 0xC2B2AE3D27D4EB4F, 31)) * 0x94D049BB133111EB >> _shift);
    }

    private static (int Start, int OldStart) ExtendBack(ReadOnlySpan<byte> reference, ReadOnlySpan<byte> plain, int position, int match, int done)
    {
        while (position > done && match > 0 && plain[position - 1] == reference[match - 1])
        {
            position--;
            match--;
        }

        return (position, match);
    }

    /// <summary>How many bytes go on along an alignment.</summary>
    private static int Follow(ReadOnlySpan<byte> reference, ReadOnlySpan<byte> plain)
    {
        var most = Math.Min(reference.Length, plain.Length);
        var length = 0;
        while (length <= most - Window)
        {
            var agreeing = Vector256.Equals(Vector256.Create(reference.Slice(length, Window)), Vector256.Create(plain.Slice(length, Window))).ExtractMostSignificantBits();
            if (BitOperations.PopCount(agreeing) < LeastAgreeing)
            {
                // Up to the first byte that does not agree.
                return length + BitOperations.TrailingZeroCount(~agreeing);
            }

            length += Window;
        }

        while (length < most && reference[length] == plain[length])
        {
            length++;
        }

        return length;
    }
}
