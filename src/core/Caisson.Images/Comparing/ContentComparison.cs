namespace Caisson.Images;

/// <summary>
/// Tells whether ranges of two generations hold the same bytes. Where the same chunk lies under both, from the same place in it on, nothing is
/// read: of a file that moved whole, only the edges it shares chunks at are.
/// </summary>
internal sealed class ContentComparison(GenerationDisk left, GenerationDisk right)
{
    private const int PieceBytes = 64 * 1024;
    private readonly byte[] _left = new byte[PieceBytes];
    private readonly byte[] _right = new byte[PieceBytes];

    public bool AreSame(long leftOffset, long rightOffset, long bytes)
    {
        while (bytes > 0)
        {
            var run = Math.Min(bytes, Math.Min(left.RunAt(leftOffset, out var leftChunk, out var leftWithin), right.RunAt(rightOffset, out var rightChunk, out var rightWithin)));
            right.Spend(run);
            if (leftChunk != rightChunk || leftWithin != rightWithin)
            {
                run = Math.Min(run, PieceBytes);
                if (!HaveSameBytes(leftOffset, rightOffset, (int)run))
                {
                    return false;
                }
            }

            (leftOffset, rightOffset, bytes) = (leftOffset + run, rightOffset + run, bytes - run);
        }

        return true;
    }

    private bool HaveSameBytes(long leftOffset, long rightOffset, int bytes)
    {
        left.Read(leftOffset, _left.AsSpan(0, bytes));
        right.Read(rightOffset, _right.AsSpan(0, bytes));
        return _left.AsSpan(0, bytes).SequenceEqual(_right.AsSpan(0, bytes));
    }
}
