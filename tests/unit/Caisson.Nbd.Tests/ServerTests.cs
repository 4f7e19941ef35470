namespace Caisson.Nbd.Tests;

public sealed class ServerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nbd");

    private string SocketPath => Path.Combine(_folder.FullName, "s");

    [Fact]
    public async Task A_socket_left_by_a_dead_server_is_replaced()
    {
        using (var dead = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified))
        {
            dead.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(SocketPath));
            File.Move(SocketPath, SocketPath + "x"); // Closing removes the name it was bound to; a killed process does not.
        }

        File.Move(SocketPath + "x", SocketPath);
        await using (Listen())
        {
            using var client = TestClient.Ready(SocketPath, isStructured: false);
        }

        Assert.False(Path.Exists(SocketPath));
    }

    [Fact]
    public void A_file_at_the_sockets_path_is_refused_and_kept()
    {
        File.WriteAllText(SocketPath, "precious");
        Assert.Contains("not a socket", Assert.Throws<IOException>(Listen).Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(SocketPath));
    }

    [Fact]
    public async Task A_live_servers_socket_is_refused()
    {
        await using var first = Listen();
        Assert.Contains("Another process", Assert.Throws<IOException>(Listen).Message, StringComparison.Ordinal);
        using var client = TestClient.Ready(SocketPath, isStructured: false);
    }

    [Fact]
    public void A_path_too_long_for_a_socket_is_named()
    {
        var path = Path.Combine(_folder.FullName, new string('x', 120));
        var e = Assert.Throws<IOException>(() => NbdServer.Listen(path, "disk", MemoryDevice.Random(512), new NbdServerOptions()));
        Assert.Contains("107 bytes", e.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private NbdServer Listen() => NbdServer.Listen(SocketPath, "disk", MemoryDevice.Random(4096), new NbdServerOptions());
}
