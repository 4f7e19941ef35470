using Caisson.ControlPlane.Tests;

[assembly: AssemblyFixture(typeof(SharedServer))]

namespace Caisson.ControlPlane.Tests;

/// <summary>One server for all tests that only ask and are refused, or read.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await TestServer.RemoveMadeAsync();
    }
}
