namespace Caisson.Images;

/// <summary>Ranges of a disk that count as zeros whatever the file holds there: what its file systems say is free.</summary>
internal sealed class ZeroMask
{
    public static readonly ZeroMask None = new([]);

    private readonly IReadOnlyList<(long Start, long End)> _ranges;

    /// <param name="ranges">In order, without overlap; ends are exclusive.</param>
    public ZeroMask(IReadOnlyList<(long Start, long End)> ranges) => _ranges = ranges;

    /// <summary>Makes zeros of what is masked in <paramref name="bytes"/>, which lie at <paramref name="offset"/> of the disk.</summary>
    public void Apply(long offset, Span<byte> bytes)
    {
        var end = offset + bytes.Length;
        for (var i = FirstEndingAfter(offset); i < _ranges.Count && _ranges[i].Start < end; i++)
        {
            var from = Math.Max(_ranges[i].Start, offset);
            bytes[(int)(from - offset)..(int)(Math.Min(_ranges[i].End, end) - offset)].Clear();
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
