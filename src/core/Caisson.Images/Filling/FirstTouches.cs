using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// In which order the places of a disk were first read. Cheap enough to stand in the path of every read: one load and a test where the place
/// was read before, and never a lock.
/// </summary>
internal sealed class FirstTouches(long imageBytes)
{
    /// <summary>Never smaller than this, however small the read: chunks are seldom smaller either.</summary>
    public const int GrainBytes = Limits.MinChunkBytes;

    /// <summary>A boot touches some thousand; beyond this nothing more is written down.</summary>
    private const int MostTouches = 1 << 16;

    private readonly ulong[] _seen = new ulong[(imageBytes / GrainBytes / 64) + 1];
    private readonly int[] _order = new int[MostTouches];
    private int _count;

    /// <summary>First bytes of the touched places, in order.</summary>
    public IEnumerable<long> Offsets => _order.Take(Math.Min(Volatile.Read(ref _count), MostTouches)).Select(grain => (long)grain * GrainBytes);

    public void Add(long offset, int length)
    {
        var last = (offset + length - 1) / GrainBytes;
        for (var grain = offset / GrainBytes; grain <= last; grain++)
        {
            var bit = 1UL << (int)(grain & 63);
            if ((Volatile.Read(ref _seen[grain >> 6]) & bit) == 0 && (Interlocked.Or(ref _seen[grain >> 6], bit) & bit) == 0)
            {
                Note((int)grain);
            }
        }
    }

    private void Note(int grain)
    {
        // Not beyond the list, nor round the counter's end.
        if (Volatile.Read(ref _count) < MostTouches && Interlocked.Increment(ref _count) is var number && number <= MostTouches)
        {
            _order[number - 1] = grain;
        }
    }
}
