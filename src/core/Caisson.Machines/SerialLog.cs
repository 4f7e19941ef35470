namespace Caisson.Machines;

/// <summary>The guest writes this file and is hostile: without a bound it would fill the host's disk.</summary>
internal static class SerialLog
{
    private const long Longest = 16 * 1024 * 1024;
    private const int Kept = 1024 * 1024;

    /// <summary>Keeps the end of a log that grew too long. QEMU appends, so it goes on at the new end.</summary>
    public static void Bound(WorkspacePaths paths)
    {
        if (new FileInfo(paths.SerialLog) is not { Exists: true, Length: > Longest })
        {
            return;
        }

        using var log = new FileStream(paths.SerialLog, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var end = new byte[Kept];
        log.Seek(-Kept, SeekOrigin.End);
        log.ReadExactly(end);
        log.SetLength(0);
        log.Seek(0, SeekOrigin.Begin);
        log.Write(end);
    }
}
