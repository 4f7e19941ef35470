using System.Net.Sockets;
using System.Text;
using Caisson.Qmp;

namespace Caisson.Qmp.Tests;

/// <summary>The other end of the wire: a socket pair in this process, QMP bytes exactly as a test wants them.</summary>
internal sealed class FakeQemu : IAsyncDisposable
{
    public const string Greeting = """{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}""";

    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;

    private FakeQemu(NetworkStream stream)
    {
        _stream = stream;
        _reader = new StreamReader(stream, Encoding.UTF8);
    }

    public static async Task<(FakeQemu Qemu, NetworkStream ClientSide)> PairAsync()
    {
        var path = Path.Combine(Path.GetTempPath(), $"q-{Guid.NewGuid():N}.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        var server = await listener.AcceptAsync();
        File.Delete(path);
        return (new FakeQemu(new NetworkStream(server, ownsSocket: true)), new NetworkStream(client, ownsSocket: true));
    }

    /// <summary>Greets, grants the capabilities, and hands out the client.</summary>
    public static async Task<(FakeQemu Qemu, QmpClient Client)> ConnectedAsync()
    {
        var (qemu, clientSide) = await PairAsync();
        var opening = QmpClient.OpenAsync(clientSide, TestContext.Current.CancellationToken);
        await qemu.SendLineAsync(Greeting);
        Assert.Contains("qmp_capabilities", await qemu.ReadLineAsync(), StringComparison.Ordinal);
        await qemu.SendLineAsync("""{"return": {}, "id": 1}""");
        return (qemu, await opening);
    }

    public Task<string?> ReadLineAsync() => _reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask();

    public Task SendLineAsync(string line) => SendAsync(line + "\r\n");

    public async Task SendAsync(string text) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);

    public void Kill() => _stream.Dispose();

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
