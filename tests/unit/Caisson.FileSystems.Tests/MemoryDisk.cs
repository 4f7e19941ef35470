using System.IO.Compression;

namespace Caisson.FileSystems.Tests;

/// <summary>A disk of tests/disks in memory, so that a test can change its bytes.</summary>
internal sealed class MemoryDisk(byte[] content) : IReadableDisk
{
    public byte[] Content => content;

    public long Bytes => content.Length;

    public static MemoryDisk Load(string name)
    {
        using var packed = new GZipStream(File.OpenRead(PathOf($"{name}.img.gz")), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        packed.CopyTo(plain);
        return new MemoryDisk(plain.ToArray());
    }

    /// <summary>Lines of what every ext disk must hold.</summary>
    public static string[] Tree => [.. File.ReadAllLines(PathOf("tree.list"), System.Text.Encoding.Latin1).Order(StringComparer.Ordinal)];

    /// <summary>As if it was never unmounted: the ext file system at <paramref name="offset"/> has a journal to be replayed.</summary>
    public void NeedsRecovery(int offset)
    {
        var super = content.AsSpan(offset + 1024, 1024);
        super[96] |= 4;
        BitConverter.TryWriteBytes(super[1020..], Checksums.Crc32C(uint.MaxValue, super[..1020]));
    }

    public void Read(long offset, Span<byte> buffer) => content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "disks", file);
}
