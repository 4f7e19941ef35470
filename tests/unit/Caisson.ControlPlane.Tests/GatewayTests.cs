using System.Net.Http.Json;
using System.Net.WebSockets;
using Caisson.ControlPlane.Gateway;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Caisson.ControlPlane.Tests;

public sealed class GatewayTests
{
    [Fact]
    public async Task Bytes_of_a_display_go_both_ways_until_one_side_ends()
    {
        await using var server = await TestServer.StartAsync();
        var (pc, display) = await OpenAsync(server);
        using var kept = pc;

        using var browser = await BrowserAsync(server, display.Path, server.Address.People.Port);
        using var screen = await pc.StreamAsync(display.Stream);
        var picture = new byte[300_000];
        Random.Shared.NextBytes(picture);
        await screen.SendAsync(picture, WebSocketMessageType.Binary, endOfMessage: true, TestServer.Cancel);
        await browser.SendAsync("key"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, TestServer.Cancel);

        Assert.Equal(picture, await ReadAsync(browser, picture.Length));
        Assert.Equal("key"u8.ToArray(), await ReadAsync(screen, 3));
        await browser.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestServer.Cancel);
        var end = await screen.ReceiveAsync(new byte[16], TestServer.Cancel).WaitAsync(TimeSpan.FromSeconds(20), TestServer.Cancel);
        Assert.Equal(WebSocketMessageType.Close, end.MessageType);
    }

    [Fact]
    public async Task A_stream_is_good_once_for_its_own_pc_and_for_a_page_of_this_server()
    {
        await using var server = await TestServer.StartAsync();
        var (pc, display) = await OpenAsync(server);
        using var kept = pc;
        using var other = await TestPc.EnrolAsync(server, "house");

        await Assert.ThrowsAsync<WebSocketException>(() => other.StreamAsync(display.Stream));
        await Assert.ThrowsAsync<WebSocketException>(() => BrowserAsync(server, display.Path, server.Address.People.Port, origin: "https://evil.example"));
        await Assert.ThrowsAsync<WebSocketException>(() => BrowserAsync(server, display.Path, server.Address.People.Port, signedIn: false));
        using var browser = await BrowserAsync(server, display.Path, server.Address.People.Port);
        await Assert.ThrowsAsync<WebSocketException>(() => BrowserAsync(server, display.Path, server.Address.People.Port));
        using var screen = await pc.StreamAsync(display.Stream);
        await Assert.ThrowsAsync<WebSocketException>(() => pc.StreamAsync(display.Stream));
    }

    [Fact]
    public async Task A_stream_nobody_came_for_expires()
    {
        await using var server = await TestServer.StartAsync();
        var (pc, display) = await OpenAsync(server);
        using var kept = pc;

        server.Time.Advance(TimeSpan.FromSeconds(90));

        await Assert.ThrowsAsync<WebSocketException>(() => BrowserAsync(server, display.Path, server.Address.People.Port));
        await Assert.ThrowsAsync<WebSocketException>(() => pc.StreamAsync(display.Stream));
        Assert.Empty((await pc.DesiredAsync()).Orders);
    }

    [Fact]
    public async Task A_display_whose_browser_never_comes_leaves_no_place_taken()
    {
        await using var server = await TestServer.StartAsync();
        var (pc, display) = await OpenAsync(server);
        using var kept = pc;
        var streams = server.Services.GetRequiredService<DisplayStreams>();
        using (var screen = await pc.StreamAsync(display.Stream))
        {
            Assert.Equal(1, streams.Count);
            screen.Abort();
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (streams.Count > 0)
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Delay(10, deadline.Token);
        }
    }

    private static async Task<(TestPc Pc, DisplayOpened Display)> OpenAsync(TestServer server)
    {
        await server.GiveWorkAsync();
        var pc = await TestPc.EnrolAsync(server, "house");
        using var opened = await server.Admin.PostAsync($"/api/endpoints/{pc.Id}/workspaces/work/display", null, TestServer.Cancel);
        var display = (await opened.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(ApiJson.Default.DisplayOpened, TestServer.Cancel))!;
        var order = (await pc.DesiredAsync()).Orders.Single();
        Assert.Equal((OrderKind.Display, display.Stream), (order.Kind, order.Stream));
        return (pc, display);
    }

    private static async Task<WebSocket> BrowserAsync(TestServer server, string path, int port, string? origin = null, bool signedIn = true)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", origin ?? $"http://127.0.0.1:{port}");
        if (signedIn)
        {
            socket.Options.SetRequestHeader("Authorization", server.Admin.DefaultRequestHeaders.Authorization!.ToString());
        }

        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}{path}"), TestServer.Cancel);
        return socket;
    }

    private static async Task<byte[]> ReadAsync(WebSocket socket, int length)
    {
        var buffer = new byte[length];
        for (var read = 0; read < length;)
        {
            read += (await socket.ReceiveAsync(buffer.AsMemory(read), TestServer.Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestServer.Cancel)).Count;
        }

        return buffer;
    }
}
