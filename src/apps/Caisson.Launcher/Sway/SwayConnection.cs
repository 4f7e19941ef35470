using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Caisson.Launcher.Sway;

/// <summary>A connection to sway: either commands one after another, or events once it has subscribed.</summary>
internal sealed class SwayConnection : IDisposable
{
    private readonly NetworkStream stream;
    private readonly SemaphoreSlim one = new(1);

    private SwayConnection(NetworkStream stream) => this.stream = stream;

    public static async Task<SwayConnection> ConnectAsync(string path, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            return new SwayConnection(new NetworkStream(socket, ownsSocket: true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Runs commands as one message: nothing is drawn between them.</summary>
    /// <exception cref="SwayException">One was refused; sway's own words.</exception>
    public async Task RunAsync(string commands, CancellationToken ct)
    {
        using var answer = await AskAsync(SwayMessage.RunCommand, commands, ct);
        foreach (var result in answer.RootElement.EnumerateArray())
        {
            if (!result.GetProperty("success").GetBoolean())
            {
                throw new SwayException($"sway refused '{commands}': {(result.TryGetProperty("error", out var error) ? error.GetString() : "without a reason")}.");
            }
        }
    }

    /// <summary>Name of the workspace that has the keyboard.</summary>
    public async Task<string?> FocusedWorkspaceAsync(CancellationToken ct)
    {
        using var answer = await AskAsync(SwayMessage.GetWorkspaces, "", ct);
        return answer.RootElement.EnumerateArray().Where(w => w.GetProperty("focused").GetBoolean()).Select(w => w.GetProperty("name").GetString()).FirstOrDefault();
    }

    public Task<JsonDocument> TreeAsync(CancellationToken ct) => AskAsync(SwayMessage.GetTree, "", ct);

    /// <summary>Events of the given kinds, for example <c>["binding"]</c>; the connection serves nothing else from then on.</summary>
    public async IAsyncEnumerable<(uint Kind, JsonDocument Event)> EventsAsync(string kinds, [EnumeratorCancellation] CancellationToken ct)
    {
        (await AskAsync(SwayMessage.Subscribe, kinds, ct)).Dispose();
        while (true)
        {
            var message = await ReceiveAsync(ct);
            yield return (message.Kind, JsonDocument.Parse(message.Body));
        }
    }

    public void Dispose()
    {
        stream.Dispose();
        one.Dispose();
    }

    private async Task<JsonDocument> AskAsync(uint kind, string text, CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            await stream.WriteAsync(new SwayMessage(kind, Encoding.UTF8.GetBytes(text)).Encode(), ct);
            var answer = await ReceiveAsync(ct);
            return answer.Kind == kind ? JsonDocument.Parse(answer.Body) : throw new SwayException($"sway answered a message of kind {kind} with one of kind {answer.Kind}.");
        }
        finally
        {
            one.Release();
        }
    }

    private async Task<SwayMessage> ReceiveAsync(CancellationToken ct)
    {
        var header = new byte[SwayMessage.HeaderBytes];
        await stream.ReadExactlyAsync(header, ct);
        var (kind, length) = SwayMessage.DecodeHeader(header);
        var body = new byte[length];
        await stream.ReadExactlyAsync(body, ct);
        return new SwayMessage(kind, body);
    }
}
