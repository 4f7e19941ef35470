using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Nbd;

/// <summary>Holes of a file on Linux: lseek(2) with SEEK_DATA and SEEK_HOLE, fallocate(2).</summary>
internal static partial class SparseFile
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int KeepSize = 1;
    private const int PunchHole = 2;

    /// <summary>ENXIO of lseek: no data from here to the end of the file.</summary>
    private const int NoSuchAddress = 6;

    /// <summary>More runs than one reply carries are not looked for.</summary>
    private const int MaxRuns = 4096;

    /// <summary>Covers the range. A file system that knows nothing of holes has one run of data.</summary>
    internal static List<BlockExtent> GetExtents(SafeFileHandle file, long offset, long length)
    {
        var runs = new List<BlockExtent>();
        var end = offset + length;
        for (var at = offset; at < end && runs.Count < MaxRuns;)
        {
            var data = Seek(file, at, SeekData);
            var next = data switch
            {
                -NoSuchAddress => end,
                < 0 => at,
                _ => Math.Min(data, end),
            };
            if (next > at)
            {
                runs.Add(new BlockExtent(next - at, IsHole: true));
                at = next;
                continue;
            }

            var hole = Seek(file, at, SeekHole);
            next = hole <= at ? end : Math.Min(hole, end);
            runs.Add(new BlockExtent(next - at, IsHole: false));
            at = next;
        }

        return runs;
    }

    /// <summary>False: the file system cannot, and nothing changed.</summary>
    internal static bool TryPunchHole(SafeFileHandle file, long offset, long length) =>
        length > 0 && FAllocate(file, PunchHole | KeepSize, offset, length) == 0;

    /// <summary>The offset found, or the error number negated.</summary>
    private static long Seek(SafeFileHandle file, long offset, int whence)
    {
        // Every read and write here names its offset, so moving the shared file position disturbs nobody.
        var found = LSeek(file, offset, whence);
        return found >= 0 ? found : -Marshal.GetLastPInvokeError();
    }

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long LSeek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle file, int mode, long offset, long length);
}
