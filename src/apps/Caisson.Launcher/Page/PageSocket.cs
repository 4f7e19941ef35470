using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace Caisson.Launcher.Page;

/// <summary>An event of the page's stream: <c>status</c> with JSON, or <c>show</c> with a workspace's id.</summary>
internal readonly record struct PageEvent(string Kind, string Data);

/// <summary>caissond's page over its Unix socket, in the little HTTP that takes.</summary>
internal sealed class PageSocket(string path)
{
    private const int MostHeader = 8192;
    private const int MostLine = 1 << 20;

    /// <summary>Events until the connection ends.</summary>
    public async IAsyncEnumerable<PageEvent> EventsAsync([EnumeratorCancellation] CancellationToken ct)
    {
        // HTTP/1.0: the answer comes as it is, without chunks.
        await using var stream = await OpenAsync("GET /api/events HTTP/1.0\r\nHost: localhost\r\n\r\n", "200", ct);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var kind = "status";
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (line.Length > MostLine)
            {
                throw new IOException("caissond sent a line without end.");
            }

            if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                kind = line["event: ".Length..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                yield return new PageEvent(kind, line["data: ".Length..]);
                kind = "status";
            }
        }
    }

    /// <summary>A workspace's display: RFB, both ways.</summary>
    public Task<Stream> DisplayAsync(string workspaceId, CancellationToken ct) =>
        OpenAsync($"GET /display/{workspaceId} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: rfb\r\n\r\n", "101", ct);

    private async Task<Stream> OpenAsync(string request, string expected, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request), ct);
            var header = await HeaderAsync(stream, ct);
            return header.Split(' ') is [_, var status, ..] && status.StartsWith(expected, StringComparison.Ordinal)
                ? stream
                : throw new IOException($"caissond answered {header.Split('\r')[0]}.");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Byte by byte, so that nothing of what follows is taken.</summary>
    private static async Task<string> HeaderAsync(Stream stream, CancellationToken ct)
    {
        var header = new List<byte>();
        var one = new byte[1];
        while (header.Count < MostHeader)
        {
            await stream.ReadExactlyAsync(one, ct);
            header.Add(one[0]);
            if (header is [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'])
            {
                return Encoding.ASCII.GetString([.. header]);
            }
        }

        throw new IOException("caissond answered with a header without end.");
    }
}
