using Caisson.FileSystems;

namespace Caisson.Images.Tests;

public sealed class ZeroMaskTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public void A_masked_disk_is_cut_as_if_zeros_lay_there()
    {
        var disk = TestDisk.Content(3, 20_000_000);
        ByteRange[] free = [new(0, 8192), new(1_000_000, 1), new(5_000_000, 8_000_000), new(disk.Length - 4000, 4000)];
        var zeroed = (byte[])disk.Clone();
        foreach (var range in free)
        {
            zeroed.AsSpan((int)range.Offset, (int)range.Bytes).Clear();
        }

        Assert.Equal(Chunks(zeroed, ZeroMask.None), Chunks(disk, new ZeroMask(free)));
        Assert.NotEqual(Chunks(disk, ZeroMask.None), Chunks(disk, new ZeroMask(free)));
    }

    public void Dispose() => _folder.Dispose();

    private List<(long Offset, string Content)> Chunks(byte[] disk, ZeroMask zeros)
    {
        var path = _folder["disk.raw"];
        File.WriteAllBytes(path, disk);
        using var file = File.OpenHandle(path);
        var passed = 0L;
        List<(long, string)> chunks =
        [
            .. from batch in ContentReader.Read(file, disk.Length, zeros, bytes => passed += bytes)
               from chunk in Enumerable.Range(0, batch.Chunks.Count)
               select (batch.Chunks[chunk].Offset, Caisson.Chunks.ChunkId.Of(batch.Plain(chunk)).Digest),
        ];
        Assert.Equal(disk.Length, passed);
        return chunks;
    }
}
