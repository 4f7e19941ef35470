using System.Buffers.Binary;
using System.Text;
using Caisson.Images;

namespace Caisson.Fuzz;

/// <summary>Headers of disk images from outside. The input is laid into a sparse file where the format looks.</summary>
internal static class ForeignParsers
{
    private const int Sector = 512;
    private const int RegionTable = 192 * 1024;
    private const int Metadata = 1 << 20;
    private const int DiskSizeAt = 65_544;

    public static Parser Qcow2 { get; } = new("qcow2", bytes => Check(ImageFormat.Qcow2, bytes.Length, (0, bytes)), () => [SampleQcow2()]);

    public static Parser Vmdk { get; } = new("vmdk", bytes => Check(ImageFormat.Vmdk, bytes.Length, (0, bytes)), () => [SampleVmdk()]);

    /// <summary>Half of the input is the table of regions, half the metadata; the rest of the file is as it should be.</summary>
    public static Parser Vhdx { get; } = new("vhdx", ParseVhdx, () => [SampleVhdx()]);

    private static bool ParseVhdx(byte[] bytes) =>
        Check(ImageFormat.Vhdx, 2 * Metadata, (0, "vhdxfile"u8.ToArray()), (RegionTable, bytes[..(bytes.Length / 2)]), (Metadata + DiskSizeAt, BitConverter.GetBytes(1L << 30)), (Metadata, bytes[(bytes.Length / 2)..]));

    private static bool Check(ImageFormat format, long length, params (long At, byte[] Bytes)[] parts)
    {
        using var file = File.OpenHandle(Path.Combine(Path.GetTempPath(), $"caisson-fuzz-{Guid.NewGuid():n}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        RandomAccess.SetLength(file, length);
        foreach (var (at, bytes) in parts)
        {
            RandomAccess.Write(file, bytes, at);
        }

        try
        {
            var size = ForeignHeader.Check(file, "input", format);
            Parsers.Require(size is > 0 and <= Chunks.Limits.MaxImageBytes, "A size out of range was let through.");
            return true;
        }
        catch (Exception e) when (e is ImageStoreException or EndOfStreamException)
        {
            // Refused; ForeignImage says of a table that is cut short what it says of any file that is.
            return false;
        }
    }

    private static byte[] SampleQcow2()
    {
        var bytes = new byte[4096];
        Qcow2Header.Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(20), 9);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(24), 32768);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(36), 1);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(40), 1024);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(100), 104);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(1024), 1536 | (1UL << 63));
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(1536), 2048 | (1UL << 63));
        return bytes;
    }

    private static byte[] SampleVmdk()
    {
        var bytes = new byte[Sector * 8];
        "KDMV"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(12), 16);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(20), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(28), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(36), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(44), 512);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(56), 2);
        Encoding.ASCII.GetBytes("# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\ncreateType=\"monolithicSparse\"\nRW 16 SPARSE \"disk.vmdk\"\n").CopyTo(bytes, Sector);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(2 * Sector), 3);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(3 * Sector), 7);
        return bytes;
    }

    private static byte[] SampleVhdx()
    {
        var (regions, metadata) = (new byte[512], new byte[512]);
        "regi"u8.CopyTo(regions);
        BinaryPrimitives.WriteUInt32LittleEndian(regions.AsSpan(8), 1);
        new Guid("8b7ca206-4790-4b9a-b8fe-575f050f886e").TryWriteBytes(regions.AsSpan(16));
        BinaryPrimitives.WriteUInt64LittleEndian(regions.AsSpan(32), Metadata);
        BinaryPrimitives.WriteUInt32LittleEndian(regions.AsSpan(40), Metadata);
        "metadata"u8.CopyTo(metadata);
        BinaryPrimitives.WriteUInt16LittleEndian(metadata.AsSpan(10), 2);
        new Guid("caa16737-fa36-4d43-b3b6-33f0aa44e76b").TryWriteBytes(metadata.AsSpan(32));
        BinaryPrimitives.WriteUInt32LittleEndian(metadata.AsSpan(48), 65536);
        new Guid("2fa54224-cd1b-4876-b211-5dbed83bf4b8").TryWriteBytes(metadata.AsSpan(64));
        BinaryPrimitives.WriteUInt32LittleEndian(metadata.AsSpan(80), DiskSizeAt);
        return [.. regions, .. metadata];
    }
}
