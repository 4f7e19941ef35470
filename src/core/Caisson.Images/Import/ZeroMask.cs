using Caisson.Chunks;
using Caisson.FileSystems;

namespace Caisson.Images;

/// <summary>Ranges of a disk that count as zeros whatever the file holds there: what its file systems say is free.</summary>
internal sealed class ZeroMask
{
    public static readonly ZeroMask None = new([]);

    private readonly IReadOnlyList<ByteRange> _ranges;

    /// <param name="ranges">In order, without overlap.</param>
    public ZeroMask(IReadOnlyList<ByteRange> ranges) => _ranges = ranges;

    /// <summary>Bytes so far, in blocks of 4 KiB, that were not zero before.</summary>
    public long ClearedBytes { get; private set; }

    /// <summary>Makes zeros of what is masked in <paramref name="bytes"/>, which lie at <paramref name="offset"/> of the disk.</summary>
    public void Apply(long offset, Span<byte> bytes)
    {
        var end = offset + bytes.Length;
        for (var i = FirstEndingAfter(offset); i < _ranges.Count && _ranges[i].Offset < end; i++)
        {
            var from = Math.Max(_ranges[i].Offset, offset);
            Clear(bytes[(int)(from - offset)..(int)(Math.Min(_ranges[i].End, end) - offset)]);
        }
    }

    private void Clear(Span<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at += Limits.BlockBytes)
        {
            var block = bytes.Slice(at, Math.Min(Limits.BlockBytes, bytes.Length - at));
            if (block.ContainsAnyExcept((byte)0))
            {
                block.Clear();
                ClearedBytes += block.Length;
            }
        }
    }

    private int FirstEndingAfter(long offset)
    {
        var (low, high) = (0, _ranges.Count);
        while (low < high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            (low, high) = _ranges[middle].End > offset ? (low, middle) : (middle + 1, high);
        }

        return low;
    }
}
