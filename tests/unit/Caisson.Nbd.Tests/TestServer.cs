namespace Caisson.Nbd.Tests;

/// <summary>A server in a folder of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nbd");
    private readonly NbdServer _server;

    internal TestServer(IBlockDevice device, NbdServerOptions? options = null) =>
        _server = NbdServer.Listen(Path.Combine(_folder.FullName, "s"), "disk", device, options ?? new NbdServerOptions());

    internal string Socket => _server.SocketPath;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        _folder.Delete(recursive: true);
    }
}

/// <summary>Waiting for something that another thread will make true.</summary>
internal static class Eventually
{
    internal static async Task TrueAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            Assert.False(deadline.IsCancellationRequested, $"Never happened: {what}.");
            await Task.Yield();
        }
    }
}
