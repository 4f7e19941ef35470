using Caisson.Chunks;
using Caisson.Nbd;

namespace Caisson.Images;

/// <summary>Which runs of a disk hold data, from its index; present or not makes no difference to who asks.</summary>
internal static class DiskExtents
{
    public static IReadOnlyList<BlockExtent> Of(ImageIndex index, long offset, long length)
    {
        var runs = new List<BlockExtent>();
        var (position, end) = (offset, offset + length);
        for (var extent = index.FirstExtentEndingAfter(offset); position < end; extent++)
        {
            var start = extent < index.Extents.Length ? Math.Min(index.Extents[extent].Offset, end) : end;
            Add(runs, start - position, isHole: true);
            position = Math.Max(position, start);
            if (position < end)
            {
                var dataEnd = Math.Min(end, index.Extents[extent].Offset + index.ExtentBytes(extent));
                Add(runs, dataEnd - position, isHole: false);
                position = dataEnd;
            }
        }

        return runs;
    }

    private static void Add(List<BlockExtent> runs, long length, bool isHole)
    {
        if (length <= 0)
        {
            return;
        }

        if (runs.Count > 0 && runs[^1].IsHole == isHole)
        {
            runs[^1] = runs[^1] with { Length = runs[^1].Length + length };
        }
        else
        {
            runs.Add(new BlockExtent(length, isHole));
        }
    }
}
