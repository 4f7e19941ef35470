using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Caisson.Testing;

namespace Caisson.Switcher.Tests;

/// <summary>caissond's page as the switcher meets it, over a Unix socket: a status that the test sets, displays that are simulated or a real QEMU's.</summary>
internal sealed class PageSimulator : IAsyncDisposable
{
    private readonly TestFolder folder = new();
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource end = new();
    private readonly Dictionary<string, Func<Stream, CancellationToken, Task>> displays = [];
    private readonly List<(string Id, string Kind, string State)> workspaces = [];
    private readonly Lock gate = new();
    private TaskCompletionSource news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string shown = "";

    public PageSimulator()
    {
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen();
        _ = AcceptAsync();
    }

    public string SocketPath => folder.File("page.sock");

    public DisplaySimulator Add(string id, string kind, uint colour)
    {
        var display = new DisplaySimulator(640, 480);
        display.Paint(colour);
        Add(id, kind, display.ServeAsync);
        return display;
    }

    /// <summary>A workspace whose display is a real machine's socket.</summary>
    public void Add(string id, string kind, string vncSocket) => Add(id, kind, async (stream, ct) =>
    {
        using var vnc = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await vnc.ConnectAsync(new UnixDomainSocketEndPoint(vncSocket), ct);
        await using var machine = new NetworkStream(vnc);
        await Task.WhenAny(machine.CopyToAsync(stream, ct), stream.CopyToAsync(machine, ct));
    });

    public void SetState(string id, string state)
    {
        lock (gate)
        {
            var at = workspaces.FindIndex(w => w.Id == id);
            workspaces[at] = workspaces[at] with { State = state };
            Tell();
        }
    }

    /// <summary>The person chose it on the start page.</summary>
    public void Show(string id)
    {
        lock (gate)
        {
            shown = $"event: show\ndata: {id}\n\n";
            Tell();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        listener.Dispose();
        folder.Dispose();
    }

    private void Add(string id, string kind, Func<Stream, CancellationToken, Task> display)
    {
        lock (gate)
        {
            displays[id] = display;
            workspaces.Add((id, kind, "Running"));
            Tell();
        }
    }

    private void Tell()
    {
        news.TrySetResult();
        news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await listener.AcceptAsync(end.Token);
            _ = ServeAsync(new NetworkStream(client, ownsSocket: true));
        }
    }

    private async Task ServeAsync(Stream stream)
    {
        await using (stream)
        {
            var header = new StringBuilder();
            var one = new byte[1];
            while (!header.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                await stream.ReadExactlyAsync(one, end.Token);
                header.Append((char)one[0]);
            }

            var path = header.ToString().Split(' ')[1];
            if (path == "/api/events")
            {
                await EventsAsync(stream);
                return;
            }

            await SayAsync(stream, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: rfb\r\n\r\n");
            await displays[path["/display/".Length..]](stream, end.Token);
        }
    }

    private async Task EventsAsync(Stream stream)
    {
        await SayAsync(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        while (true)
        {
            string text;
            Task next;
            lock (gate)
            {
                var status = JsonSerializer.Serialize(new { workspaces = workspaces.Select(w => new { id = w.Id, name = w.Id, kind = w.Kind, state = w.State }) });
                (text, shown, next) = ($"{shown}data: {status}\n\n", "", news.Task);
            }

            await SayAsync(stream, text);
            await next.WaitAsync(end.Token);
        }
    }

    private Task SayAsync(Stream stream, string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), end.Token).AsTask();
}
