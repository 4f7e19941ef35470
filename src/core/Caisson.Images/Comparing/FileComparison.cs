using Caisson.FileSystems;

namespace Caisson.Images;

/// <summary>Tells whether two files of two generations hold the same bytes.</summary>
internal sealed class FileComparison(LookedInto from, LookedInto to, ContentComparison content)
{
    private const int InlineLimit = 64 * 1024;

    /// <param name="left">A regular file of the first.</param>
    /// <param name="right">A regular file of the second.</param>
    public bool AreSame(FileNode left, FileNode right)
    {
        if (left.Bytes != right.Bytes)
        {
            return false;
        }

        return left.Bytes == 0 || (from.System.Runs(left) is { } leftRuns && to.System.Runs(right) is { } rightRuns
            ? AreSame(leftRuns, rightRuns, left.Bytes)
            : HaveSameBytes(left, right));
    }

    private bool AreSame(IEnumerable<FileRun> leftRuns, IEnumerable<FileRun> rightRuns, long bytes)
    {
        using var left = new RunCursor(leftRuns, bytes);
        using var right = new RunCursor(rightRuns, bytes);
        for (var at = 0L; at < bytes;)
        {
            var run = Math.Min(left.RunAt(at, out var leftDisk), right.RunAt(at, out var rightDisk));
            var same = (leftDisk, rightDisk) switch
            {
                (null, null) => true,
                ({ } l, { } r) => content.AreSame(from.Partition.Offset + l, to.Partition.Offset + r, run),

                // A hole on one side only: the same if the other holds zeros. A real image has no such file twice.
                _ => IsZero(leftDisk is null ? to : from, (leftDisk ?? rightDisk)!.Value, run),
            };
            if (!same)
            {
                return false;
            }

            at += run;
        }

        return true;
    }

    private static bool IsZero(LookedInto side, long diskOffset, long bytes)
    {
        var buffer = new byte[InlineLimit];
        for (var at = 0L; at < bytes; at += buffer.Length)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, bytes - at));
            side.Disk.Read(diskOffset + at, piece);
            if (piece.ContainsAnyExcept((byte)0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Files in inodes are small; one whose inode says otherwise reads as zeros beyond it.</summary>
    private bool HaveSameBytes(FileNode left, FileNode right)
    {
        var (leftBytes, rightBytes) = (new byte[(int)Math.Min(left.Bytes, InlineLimit)], new byte[(int)Math.Min(left.Bytes, InlineLimit)]);
        from.System.Read(left, 0, leftBytes);
        to.System.Read(right, 0, rightBytes);
        return leftBytes.AsSpan().SequenceEqual(rightBytes);
    }

    /// <summary>Walks a file's runs forward.</summary>
    private sealed class RunCursor(IEnumerable<FileRun> runs, long fileBytes) : IDisposable
    {
        private readonly IEnumerator<FileRun> _runs = runs.GetEnumerator();
        private FileRun _run;
        private bool _isAtEnd;

        /// <returns>How far the run, or the hole, goes from here.</returns>
        public long RunAt(long at, out long? diskOffset)
        {
            while (!_isAtEnd && _run.Offset + _run.Bytes <= at)
            {
                _isAtEnd = !_runs.MoveNext();
                _run = _isAtEnd ? default : _runs.Current;
            }

            if (_isAtEnd || _run.Offset > at)
            {
                diskOffset = null;
                return Math.Min(_isAtEnd ? fileBytes : _run.Offset, fileBytes) - at;
            }

            diskOffset = _run.DiskOffset + (at - _run.Offset);
            return Math.Min(_run.Offset + _run.Bytes, fileBytes) - at;
        }

        public void Dispose() => _runs.Dispose();
    }
}
