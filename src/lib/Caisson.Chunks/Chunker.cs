using System.IO.Hashing;

namespace Caisson.Chunks;

/// <summary>
/// Cuts a disk's content into chunks, deterministically from the content alone: the same bytes give the same chunks on any machine.
/// </summary>
/// <remarks>
/// The rule (docs/reference/formats.md): a 4 KiB block of zeros is never part of a chunk, it is a hole. A chunk ends before a zero block,
/// at <see cref="Limits.MaxChunkBytes"/>, at the end of the disk, or after the first block, at <see cref="Limits.MinChunkBytes"/>
/// or later, whose XXH3-64 (seed 0) is below <see cref="CutBelow"/>. Cutting by the hash of whole blocks keeps boundaries when files
/// move in a rebuilt image, and runs at memory speed.
/// </remarks>
public static class Chunker
{
    /// <summary>One block in twelve ends a chunk: 16 KiB + 12 × 4 KiB = 64 KiB on average.</summary>
    internal const ulong CutBelow = ulong.MaxValue / 12;

    /// <summary>Bytes of whole zero blocks at the start; a last partial block of zeros counts.</summary>
    /// <param name="data">Begins at a multiple of 4 KiB; ends at one, or at the end of the disk.</param>
    public static int LeadingHole(ReadOnlySpan<byte> data)
    {
        var first = data.IndexOfAnyExcept((byte)0);
        return first < 0 ? data.Length : first / Limits.BlockBytes * Limits.BlockBytes;
    }

    /// <summary>Length of the chunk at the start of <paramref name="data"/>, whose first block is not zero.</summary>
    /// <param name="data">At least <see cref="Limits.MaxChunkBytes"/>, or all there is up to a hole or the end of the disk.</param>
    public static int NextLength(ReadOnlySpan<byte> data)
    {
        var end = Math.Min(data.Length, Limits.MaxChunkBytes);
        for (var start = 0; start < end; start += Limits.BlockBytes)
        {
            var block = data[start..Math.Min(start + Limits.BlockBytes, end)];
            if (start > 0 && !block.ContainsAnyExcept((byte)0))
            {
                return start;
            }

            var length = start + block.Length;
            if (length >= Limits.MinChunkBytes && XxHash3.HashToUInt64(block) < CutBelow)
            {
                return length;
            }
        }

        return end;
    }
}
