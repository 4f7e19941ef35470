using System.Text.Json;

namespace Caisson.Vm.Tests.Nbd;

/// <summary>The server as the clients of others see it: libnbd's and QEMU's.</summary>
public sealed class NbdPeerTests
{
    [Fact]
    public async Task Nbdinfo_sees_what_the_server_offers()
    {
        await using var served = ServedFile.Create(isReadOnly: true);
        var info = JsonDocument.Parse(await ServedFile.RunAsync("nbdinfo", "--json", served.Uri)).RootElement;
        Assert.Equal("newstyle-fixed", info.GetProperty("protocol").GetString());
        Assert.True(info.GetProperty("structured").GetBoolean());
        var export = info.GetProperty("exports")[0];
        Assert.Equal(64L << 20, export.GetProperty("export-size").GetInt64());
        Assert.True(export.GetProperty("is_read_only").GetBoolean());
        Assert.True(export.GetProperty("can_multi_conn").GetBoolean());
        Assert.Equal("base:allocation", export.GetProperty("contexts")[0].GetString());
        Assert.Equal(32 << 20, export.GetProperty("block_size_maximum").GetInt32());

        var list = JsonDocument.Parse(await ServedFile.RunAsync("nbdinfo", "--list", "--json", served.Uri)).RootElement;
        Assert.Equal("disk", list.GetProperty("exports")[0].GetProperty("export-name").GetString());
    }

    [Fact]
    public async Task Nbdinfo_maps_the_holes_of_the_file()
    {
        await using var served = ServedFile.Create(isReadOnly: true, sizeMiB: 16);
        var map = JsonDocument.Parse(await ServedFile.RunAsync("nbdinfo", "--map", "--json", served.Uri)).RootElement;
        Assert.Equal([(0L, 0), (4L << 20, 3), (8L << 20, 0), (12L << 20, 3)], map.EnumerateArray().Select(e => (e.GetProperty("offset").GetInt64(), e.GetProperty("type").GetInt32())));
    }

    [Theory]
    [InlineData(false, "--connections=1")]
    [InlineData(false, "--connections=4")]
    [InlineData(true, "--connections=1")]
    [InlineData(true, "--connections=4")]
    public async Task Nbdcopy_takes_the_whole_disk_whether_it_is_here_or_not(bool isSlow, string connections)
    {
        await using var served = ServedFile.Create(isReadOnly: true, isSlow);
        var copy = served.Scratch("copy.raw");
        await ServedFile.RunAsync("nbdcopy", connections, served.Uri, copy);
        await ServedFile.RunAsync("cmp", served.FilePath, copy);
        Assert.Equal(isSlow, served.Device is SlowDevice { Misses: > 50 });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Qemu_img_finds_the_served_disk_identical_to_the_file(bool isSlow)
    {
        await using var served = ServedFile.Create(isReadOnly: true, isSlow);
        await ServedFile.RunAsync("qemu-img", "compare", "-s", "-f", "raw", "-F", "raw", served.FilePath, served.Uri);
    }

    [Fact]
    public async Task Qemu_img_maps_the_same_runs_over_nbd_as_on_the_file()
    {
        await using var served = ServedFile.Create(isReadOnly: true);
        Assert.Equal(await MapAsync(served.FilePath), await MapAsync(served.Uri));

        static async Task<List<(long Start, long Length, bool IsZero)>> MapAsync(string what)
        {
            var map = JsonDocument.Parse(await ServedFile.RunAsync("qemu-img", "map", "--output=json", "-f", "raw", what)).RootElement;
            return [.. map.EnumerateArray().Select(e => (e.GetProperty("start").GetInt64(), e.GetProperty("length").GetInt64(), e.GetProperty("zero").GetBoolean()))];
        }
    }

    [Fact]
    public async Task Qemu_io_writes_zeroes_discards_and_reads_back()
    {
        await using var served = ServedFile.Create(isReadOnly: false, sizeMiB: 16);
        await ServedFile.RunAsync(
            "qemu-io", "-f", "raw", served.Uri,
            "-c", "write -P 0xa5 1M 3M",
            "-c", "write -f -P 0x5a 12345k 64k",
            "-c", "write -z 2M 512k",
            "-c", "write -z -u 3M 512k",
            "-c", "discard 8M 1M",
            "-c", "flush",
            "-c", "read -P 0xa5 1M 1M",
            "-c", "read -P 0 2M 512k",
            "-c", "read -P 0xa5 2560k 512k",
            "-c", "read -P 0 3M 512k",
            "-c", "read -P 0x5a 12345k 64k");
        var bytes = File.ReadAllBytes(served.FilePath);
        Assert.Equal((0xa5, 0, 0x5a), (bytes[1 << 20], bytes[2 << 20], bytes[12345 << 10]));
        Assert.All(bytes.AsSpan(8 << 20, 1 << 20).ToArray(), b => Assert.Equal(0, b));
    }

    [Fact]
    public async Task Qemu_io_reads_at_depth_while_pieces_arrive()
    {
        await using var served = ServedFile.Create(isReadOnly: true, isSlow: true);
        var reads = Enumerable.Range(0, 200).SelectMany(i => new[] { "-c", $"aio_read -q {i * 37 % 4096 * 16}k {(i % 7 + 1) * 12}k" });
        await ServedFile.RunAsync("qemu-io", ["-r", "-f", "raw", served.Uri, .. reads, "-c", "aio_flush"]);
        Assert.True(served.Device is SlowDevice { Misses: > 50 });
    }

    [Fact]
    public async Task Qemu_io_may_not_write_a_read_only_disk()
    {
        await using var served = ServedFile.Create(isReadOnly: true, sizeMiB: 16);
        var (exitCode, _) = await ServedFile.TryRunAsync("qemu-io", "-f", "raw", served.Uri, "-c", "write 0 4k");
        Assert.NotEqual(0, exitCode);
    }

    [Fact]
    public async Task Nbdcopy_fills_a_writable_disk()
    {
        await using var source = ServedFile.Create(isReadOnly: true, sizeMiB: 32);
        await using var target = ServedFile.Create(isReadOnly: false, sizeMiB: 32);
        await ServedFile.RunAsync("qemu-io", "-f", "raw", target.Uri, "-c", "write -P 1 0 32M", "-c", "flush");
        await ServedFile.RunAsync("nbdcopy", "--flush", source.Uri, target.Uri);
        await ServedFile.RunAsync("cmp", source.FilePath, target.FilePath);
    }

    [Fact]
    public async Task A_qcow2_overlay_over_the_served_disk_reads_and_keeps_writes_to_itself()
    {
        await using var served = ServedFile.Create(isReadOnly: true, isSlow: true, sizeMiB: 16);
        var overlay = served.Scratch("overlay.qcow2");
        await ServedFile.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", "-b", served.Uri, "-F", "raw", overlay);
        await ServedFile.RunAsync("qemu-img", "compare", "-f", "qcow2", "-F", "raw", overlay, served.FilePath);
        await ServedFile.RunAsync("qemu-io", "-f", "qcow2", overlay, "-c", "write -P 7 1M 64k", "-c", "read -P 7 1M 64k");
        await ServedFile.RunAsync("qemu-img", "compare", "-s", "-f", "raw", "-F", "raw", served.Uri, served.FilePath);
    }

    /// <summary>libnbd with its own checks switched off: what a broken client would send. Each is refused by name, and the connection lives on.</summary>
    [Fact]
    public async Task A_client_without_manners_is_refused_by_name_and_served_again()
    {
        const string script = """
            import errno
            h.set_strict_mode(0)
            h.add_meta_context("base:allocation")
            h.connect_uri(uri)
            size = h.get_size()
            def refused(names, call):
                try:
                    call()
                except nbd.Error as e:
                    assert e.errnum in [getattr(errno, n) for n in names], (names, e)
                    return
                raise AssertionError("not refused")
            refused(["EINVAL"], lambda: h.pread(4096, size))
            refused(["EINVAL"], lambda: h.pread(4096, size - 1))
            refused(["EINVAL"], lambda: h.pread(512, 2**63 - 1))
            refused(["EINVAL"], lambda: h.pread(512, 0, 0x80))
            refused(["EPERM", "EINVAL"], lambda: h.pwrite(b"x" * 512, 0))
            refused(["EPERM", "EINVAL"], lambda: h.pwrite(b"x" * 512, size))
            refused(["EPERM", "EINVAL"], lambda: h.zero(2**32 - 1, size - 1))
            refused(["EPERM", "EINVAL"], lambda: h.trim(2**32 - 1, 2**62))
            refused(["EINVAL", "ENOTSUP"], lambda: h.cache(512, 0))
            refused(["EINVAL"], lambda: h.block_status(0, 0, lambda *a: 0))
            refused(["EINVAL"], lambda: h.block_status(4096, size, lambda *a: 0))
            assert len(h.pread(1, size - 1)) == 1
            assert h.pread(0, 0) == bytearray()
            assert any(h.pread(65536, 0))
            h.shutdown()
            """;
        await using var served = ServedFile.Create(isReadOnly: true, sizeMiB: 16);
        await ServedFile.RunAsync("/usr/bin/python3", "-m", "nbd", "-c", $"uri = '{served.Uri}'", "-c", script);
        await ServedFile.RunAsync("nbdinfo", served.Uri);
    }
}
