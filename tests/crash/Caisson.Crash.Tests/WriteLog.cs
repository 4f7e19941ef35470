using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Crash.Tests;

/// <summary>What one entry of a log says besides its bytes (Linux Documentation/admin-guide/device-mapper/log-writes.rst).</summary>
[Flags]
internal enum LogFlags
{
    None = 0,

    /// <summary>All that was written before is durable before this is.</summary>
    Flush = 1,

    /// <summary>These bytes are durable at once; earlier ones need not be.</summary>
    ForceUnitAccess = 2,

    Discard = 4,

    Mark = 8,
}

/// <param name="Offset">Where on the disk, in bytes.</param>
/// <param name="Bytes">0 for a flush alone.</param>
/// <param name="DataAt">Where the bytes lie in the log.</param>
internal sealed record LoggedWrite(long Offset, int Bytes, LogFlags Flags, long DataAt);

/// <summary>
/// A log of all writes to a disk in the order they were done, as QEMU's <c>blklogwrites</c> driver and Linux' dm-log-writes keep it: a super
/// block (magic, version, number of entries u64; sector bytes u32), then for each write its entry (sector, sectors, flags, data bytes; u64) and
/// its data, each beginning at a sector. Little-endian.
/// </summary>
internal sealed class WriteLog : IDisposable
{
    private const ulong Magic = 0x6a736677736872;

    private readonly SafeFileHandle _file;

    public WriteLog(string file) => _file = File.OpenHandle(file, share: FileShare.ReadWrite);

    /// <summary>Entries written so far; 0 before the first.</summary>
    public int Count => ReadSuper().Entries;

    public IReadOnlyList<LoggedWrite> ReadAll()
    {
        var (count, sector) = ReadSuper();
        var entries = new List<LoggedWrite>(count);
        var head = new byte[32];
        for (long at = sector; entries.Count < count;)
        {
            Fill(at, head);
            var offset = BinaryPrimitives.ReadInt64LittleEndian(head) * sector;
            var bytes = checked((int)(BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(8)) * sector));
            var flags = (LogFlags)BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(16));
            var hasData = !flags.HasFlag(LogFlags.Discard);
            entries.Add(new LoggedWrite(offset, bytes, flags, at + sector));
            at += sector + (hasData ? bytes : 0) + Padded(BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(24)), flags);
        }

        return entries;

        // A mark's name lies where a write has its data.
        long Padded(long length, LogFlags flags) => flags.HasFlag(LogFlags.Mark) ? (length + sector - 1) / sector * sector : 0;
    }

    public byte[] ReadData(LoggedWrite write)
    {
        var data = new byte[write.Bytes];
        if (!write.Flags.HasFlag(LogFlags.Discard))
        {
            Fill(write.DataAt, data);
        }

        return data;
    }

    public void Dispose() => _file.Dispose();

    private (int Entries, int Sector) ReadSuper()
    {
        var super = new byte[28];
        if (RandomAccess.Read(_file, super, 0) < super.Length)
        {
            return (0, 512);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(super) == Magic && BinaryPrimitives.ReadUInt64LittleEndian(super.AsSpan(8)) == 1
            ? (checked((int)BinaryPrimitives.ReadInt64LittleEndian(super.AsSpan(16))), BinaryPrimitives.ReadInt32LittleEndian(super.AsSpan(24)))
            : throw new InvalidDataException("The file is no log of writes of version 1.");
    }

    private void Fill(long at, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var got = RandomAccess.Read(_file, buffer, at);
            if (got == 0)
            {
                throw new EndOfStreamException("The log of writes is cut short.");
            }

            buffer = buffer[got..];
            at += got;
        }
    }
}
