using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Caisson.Chunks;

/// <summary>
/// Positions chosen by the bytes that lie there, so that the same bytes give the same samples however far they have moved: where four bytes times
/// an odd constant are large. Of each, a hash of <see cref="WindowBytes"/>. Looks at 32 positions at once, because every byte of a disk goes through here.
/// </summary>
internal ref struct ContentSamples
{
    public const int WindowBytes = 32;

    /// <summary>A look at positions p to p + 31 reads the words at all of them.</summary>
    private const int LookBytes = WindowBytes + 3;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly Vector256<uint> _least;
    private int _at = -WindowBytes;

    /// <summary>Of the 32 positions from <see cref="_at"/>: bit 8 s + k stands for s + 4 k.</summary>
    private uint _chosen;

    /// <param name="sparseness">One position in 2^this is chosen.</param>
    public ContentSamples(ReadOnlySpan<byte> bytes, int sparseness)
    {
        _bytes = bytes;

        // Large, so that zeros are never chosen.
        _least = Vector256.Create(uint.MaxValue << (32 - sparseness));
    }

    /// <summary>The next sample. Those of 32 positions come in no order; a position less than two windows from the end is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Next(out int position, out ulong hash)
    {
        ref var first = ref MemoryMarshal.GetReference(_bytes);
        while (_chosen == 0)
        {
            _at += WindowBytes;
            if (_at > _bytes.Length - LookBytes - WindowBytes)
            {
                (position, hash) = (0, 0);
                return false;
            }

            ref var here = ref Unsafe.Add(ref first, _at);
            var (a, b, c, d) = (Large(ref here, 0), Large(ref here, 1), Large(ref here, 2), Large(ref here, 3));
            if ((a | b | c | d) != Vector256<uint>.Zero)
            {
                _chosen = a.ExtractMostSignificantBits() | (b.ExtractMostSignificantBits() << 8) | (c.ExtractMostSignificantBits() << 16) | (d.ExtractMostSignificantBits() << 24);
            }
        }

        var bit = BitOperations.TrailingZeroCount(_chosen);
        _chosen &= _chosen - 1;
        position = _at + (bit >> 3) + (4 * (bit & 7));
        hash = Hash(_bytes.Slice(position, WindowBytes));
        return true;
    }

    private readonly Vector256<uint> Large(ref byte here, nuint shift) =>
        Vector256.GreaterThanOrEqual(Vector256.LoadUnsafe(ref here, shift).AsUInt32() * 0x9E3779B1u, _least);

    private static ulong Hash(ReadOnlySpan<byte> window)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(window);
        var hash = (words[0] * 0x9E3779B97F4A7C15) ^ BitOperations.RotateLeft(words[1] * 0xC2B2AE3D27D4EB4F, 31);
        hash = BitOperations.RotateLeft(hash, 27) + ((words[2] ^ BitOperations.RotateLeft(words[3], 32)) * 0x94D049BB133111EB);
        return hash ^ BitOperations.RotateLeft(words[3] * 0xBF58476D1CE4E5B9, 17);
    }
}
