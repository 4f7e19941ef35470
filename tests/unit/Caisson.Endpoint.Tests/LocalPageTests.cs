using System.Net;
using System.Net.WebSockets;
using Caisson.Endpoint.LocalPage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caisson.Endpoint.Tests;

public sealed class LocalPageTests : IAsyncLifetime
{
    private readonly TestFolder folder = new();
    private EndpointPaths paths = null!;
    private LocalServer server = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        paths = new EndpointPaths(folder.Path);
        paths.Create();
        server = await LocalServer.StartAsync(paths, 0, LocalPageContent.Nothing, NullLogger.Instance, Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_link_opens_the_page_once()
    {
        var link = OneTimeLinks.Make(paths, server.Port);
        using var first = Browser();
        Assert.Equal(HttpStatusCode.OK, (await first.GetAsync(link, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await first.GetAsync("/", Ct)).StatusCode);

        using var second = Browser();
        Assert.Equal(HttpStatusCode.Forbidden, (await second.GetAsync(link, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.GetAsync("/", Ct)).StatusCode);
    }

    [Fact]
    public async Task The_cookie_is_out_of_reach_of_scripts_and_other_sites()
    {
        using var browser = Browser();
        using var answer = await browser.GetAsync(OneTimeLinks.Make(paths, server.Port), Ct);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1.evil.example:PORT")]
    public async Task Another_host_name_for_this_address_is_turned_away_even_with_the_cookie(string host)
    {
        using var browser = await OpenAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status") { Headers = { Host = host.Replace("PORT", $"{server.Port}", StringComparison.Ordinal) } };
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await browser.SendAsync(request, Ct)).StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("http://evil.example")]
    public async Task A_change_asked_by_another_origin_is_turned_away(string? origin)
    {
        using var browser = await OpenAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/workspaces/work/stop");
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await browser.SendAsync(request, Ct)).StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("http://evil.example")]
    public async Task A_display_asked_by_another_origin_is_turned_away(string? origin)
    {
        using var socket = new ClientWebSocket();
        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin);
        }

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://127.0.0.1:{server.Port}/display/work"), Ct));
    }

    [Fact]
    public async Task Nothing_but_the_link_is_answered_without_a_cookie()
    {
        using var browser = Browser();
        foreach (var path in (string[])["/", "/api/status", "/api/events", "/screen/work", "/novnc/core/rfb.js"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync(path, Ct)).StatusCode);
        }
    }

    [Fact]
    public async Task A_port_in_use_costs_the_page_and_not_the_process()
    {
        await using var second = await LocalServer.StartAsync(paths, server.Port, LocalPageContent.Nothing, NullLogger.Instance, Ct);
        Assert.Equal(0, second.Port);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(11, true)]
    [InlineData(12, false)]
    [InlineData(-12, false)] // A clock that is set back keeps nothing open.
    public void A_session_ends_after_twelve_hours_whatever_is_done_with_it(int hours, bool open)
    {
        var time = new ManualTime();
        time.SetWall(TimeProvider.System.GetUtcNow()); // The link's file carries the real time.
        var admittance = new Admittance(paths, time);
        var opening = new DefaultHttpContext();
        Assert.True(admittance.TryOpen(OneTimeLinks.Make(paths, 1).Query["?link=".Length..], opening.Response));

        var request = new DefaultHttpContext().Request;
        request.Headers.Cookie = opening.Response.Headers.SetCookie.ToString().Split(';')[0];
        time.SetWall(time.GetUtcNow().AddHours(hours));
        Assert.Equal(open, admittance.HasSession(request));
    }

    [Fact]
    public async Task On_a_socket_the_page_needs_no_link_and_still_turns_other_origins_away()
    {
        var socket = Path.Combine(folder.Path, "page.sock");
        File.WriteAllText(socket, ""); // Left by one that was killed.
        await using var page = await LocalServer.StartAsync(socket, LocalPageContent.Nothing, NullLogger.Instance, Ct);
        Assert.Equal(0, page.Port);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(socket) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite));
        using var browser = new HttpClient(new SocketsHttpHandler { ConnectCallback = async (_, ct) => await ConnectAsync(socket, ct) }) { BaseAddress = new Uri("http://localhost") };
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/", Ct)).StatusCode);
        foreach (var (origin, expected) in (IEnumerable<(string?, HttpStatusCode)>)[(null, HttpStatusCode.MisdirectedRequest), ("http://evil.example", HttpStatusCode.MisdirectedRequest), ("http://localhost", HttpStatusCode.NotFound)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/workspaces/work/stop");
            request.Headers.TryAddWithoutValidation("Origin", origin is null ? [] : [origin]);
            Assert.Equal(expected, (await browser.SendAsync(request, Ct)).StatusCode);
        }

        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/api/status") { Headers = { Host = "evil.example" } };
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await browser.SendAsync(foreign, Ct)).StatusCode);
    }

    [Fact]
    public async Task What_the_person_wants_to_see_is_told_to_who_listens()
    {
        var socket = Path.Combine(folder.Path, "page.sock");
        var content = new LocalPageContent(() => null, _ => null, _ => { }, _ => { });
        await using var page = await LocalServer.StartAsync(socket, content, NullLogger.Instance, Ct);
        await using var stream = await ConnectAsync(socket, Ct);
        await stream.WriteAsync("GET /api/events HTTP/1.0\r\nHost: localhost\r\n\r\n"u8.ToArray(), Ct);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(Ct) is { Length: > 0 })
        {
            // The header.
        }

        content.Show(new Protocol.WorkspaceId("work"));
        Assert.Equal("event: show", await reader.ReadLineAsync(Ct));
        Assert.Equal("data: work", await reader.ReadLineAsync(Ct));
    }

    private static async Task<Stream> ConnectAsync(string path, CancellationToken ct)
    {
        var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(path), ct);
        return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
    }

    private HttpClient Browser() => new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };

    private async Task<HttpClient> OpenAsync()
    {
        var browser = Browser();
        (await browser.GetAsync(OneTimeLinks.Make(paths, server.Port), Ct)).EnsureSuccessStatusCode();
        return browser;
    }
}
