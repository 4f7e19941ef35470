using System.IO.Pipes;
using System.Text;

namespace Caisson.GuestTools.Tests;

public sealed class GuestPortTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string? Find(string name) => GuestPort.Find(name, Path.Combine(folder.Path, "sys"), Path.Combine(folder.Path, "dev"));

    [Fact]
    public void The_port_is_found_by_its_name_among_others()
    {
        folder.Write("sys/vport1p1/name", "org.qemu.guest_agent.0\n");
        folder.Write("sys/vport1p2/name", "org.caisson.guest.0\n");
        folder.Write("dev/vport1p1", "");
        var device = folder.Write("dev/vport1p2", "");

        Assert.Equal(device, Find("org.caisson.guest.0"));
    }

    [Fact]
    public void There_is_no_port_before_its_device_exists()
    {
        Assert.Null(Find("org.caisson.guest.0"));
        folder.Write("sys/vport1p1/name", "org.caisson.guest.0\n");
        Assert.Null(Find("org.caisson.guest.0"));
        Assert.Null(GuestPort.TryOpen(Path.Combine(folder.Path, "dev", "vport1p1")));
    }

    [Fact]
    public void A_line_sent_arrives_whole()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        using var port = GuestPort.TryOpen($"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}");

        Assert.Equal(SendResult.Sent, port!.TrySend("hello\n"u8));

        var bytes = new byte[6];
        pipe.ReadExactly(bytes);
        Assert.Equal("hello\n", Encoding.ASCII.GetString(bytes));
    }

    [Fact]
    public void A_full_buffer_is_not_waited_for()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        using var port = GuestPort.TryOpen($"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}");
        var line = new byte[4096];
        var result = SendResult.Sent;

        for (var i = 0; i < 1000 && result == SendResult.Sent; i++)
        {
            result = port!.TrySend(line);
        }

        Assert.Equal(SendResult.NotNow, result);
    }

    [Fact]
    public void A_port_whose_other_end_is_gone_for_good_is_lost()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        using var port = GuestPort.TryOpen($"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}");
        pipe.Dispose();

        Assert.Equal(SendResult.Lost, port!.TrySend("hello\n"u8));
    }

    [Fact]
    public async Task The_loop_sends_at_once_and_ends_when_asked()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        using var stop = new CancellationTokenSource();
        var device = $"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}";
        var loop = new HeartbeatLoop(() => GuestPort.TryOpen(device), () => [(byte)'x', (byte)'\n'], TimeProvider.System);

        var running = loop.RunAsync(stop.Token);
        var bytes = new byte[2];
        await pipe.ReadExactlyAsync(bytes, TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await running;

        Assert.Equal("x\n", Encoding.ASCII.GetString(bytes));
    }
}
