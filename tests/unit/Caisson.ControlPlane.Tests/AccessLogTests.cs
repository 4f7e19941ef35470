using System.Net;

namespace Caisson.ControlPlane.Tests;

public sealed class AccessLogTests
{
    [Fact]
    public async Task A_log_that_cannot_be_written_costs_lines_and_not_the_server()
    {
        await using var server = await TestServer.StartAsync();
        await server.StopAsync();
        File.Delete(server.Folder.AccessLog);
        Directory.CreateDirectory(server.Folder.AccessLog);
        await server.RunAsync();
        for (var i = 0; i < 3; i++)
        {
            using var lost = await server.Admin.GetAsync("/healthz?lost", TestServer.Cancel);
            Assert.Equal(HttpStatusCode.OK, lost.StatusCode);
        }

        Directory.Delete(server.Folder.AccessLog);
        using var kept = await server.Admin.GetAsync("/api/server", TestServer.Cancel);
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
        await server.StopAsync();

        Assert.Contains("/api/server", (await File.ReadAllLinesAsync(server.Folder.AccessLog, TestServer.Cancel))[^1], StringComparison.Ordinal);
    }
}
