namespace Caisson.Nbd.Tests;

public sealed class RawFileDeviceTests : IDisposable
{
    private const int MiB = 1 << 20;
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public async Task What_is_written_is_read_and_a_zeroed_range_is_zero()
    {
        File.WriteAllBytes(_path, new byte[MiB]);
        using var device = RawFileDevice.Open(_path, isReadOnly: false);
        var payload = MemoryDevice.Random(MiB).Content;
        await device.WriteAsync(0, payload, CancellationToken.None);
        await device.ZeroAsync(1000, 300_000, keepAllocated: false, CancellationToken.None);
        await device.ZeroAsync(500_000, 10, keepAllocated: true, CancellationToken.None);
        await device.FlushAsync(CancellationToken.None);
        payload.AsSpan(1000, 300_000).Clear();
        payload.AsSpan(500_000, 10).Clear();
        var read = new byte[MiB];
        Assert.True(device.TryRead(0, read));
        Assert.Equal(payload, read);
    }

    [Fact]
    public void A_sparse_files_holes_are_seen()
    {
        using (var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(file, 8 * MiB);
            RandomAccess.Write(file, new byte[] { 1, 2, 3 }, 4 * MiB);
        }

        using var device = RawFileDevice.Open(_path, isReadOnly: true);
        var runs = device.GetExtents(0, 8 * MiB);
        Assert.Equal(8 * MiB, runs.Sum(r => r.Length));
        Assert.Equal([true, false, true], runs.Select(r => r.IsHole));
        Assert.Equal(4 * MiB, runs[0].Length);
    }

    [Fact]
    public void A_file_that_shrinks_under_the_device_is_an_error_not_zeros()
    {
        File.WriteAllBytes(_path, new byte[8192]);
        using var device = RawFileDevice.Open(_path, isReadOnly: true);
        File.WriteAllBytes(_path, new byte[4096]);
        Assert.Throws<EndOfStreamException>(() => device.TryRead(4096, new byte[4096]));
    }

    public void Dispose() => File.Delete(_path);
}
