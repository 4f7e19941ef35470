using System.Collections.Concurrent;
using System.Net.WebSockets;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Gateway;

/// <summary>The places where a browser and an endpoint meet. Each name is good once for each side, until it expires.</summary>
internal sealed class DisplayStreams(TimeProvider time)
{
    /// <summary>Open or expected at once; each costs two sockets and 128 KiB.</summary>
    private const int MaxStreams = 512;

    private readonly ConcurrentDictionary<string, DisplayStream> _streams = new(StringComparer.Ordinal);

    public int Count => _streams.Count;

    public void Expect(string stream, string endpointId, string workspaceId, DateTimeOffset expiresAt)
    {
        foreach (var (name, old) in _streams)
        {
            if (old.ExpiresAt < time.GetUtcNow() && !old.HasMet)
            {
                _streams.TryRemove(name, out _);
            }
        }

        if (Count >= MaxStreams)
        {
            throw RequestRefused.WrongState($"{MaxStreams} displays are open already; close some first.");
        }

        _streams[stream] = new DisplayStream(endpointId, workspaceId, expiresAt);
    }

    public DisplayStream Find(string stream) =>
        _streams.TryGetValue(stream, out var found) && (found.HasMet || found.ExpiresAt >= time.GetUtcNow()) ? found
        : throw RequestRefused.NotFound("This display stream does not exist, was used already, or has expired. Open the display again.");

    public void Forget(string stream) => _streams.TryRemove(stream, out _);
}

/// <summary>One display: whose it is, and its two sides.</summary>
internal sealed class DisplayStream(string endpointId, string workspaceId, DateTimeOffset expiresAt)
{
    private readonly TaskCompletionSource<WebSocket> _endpoint = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _browserCame = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _browserTaken;
    private int _endpointTaken;

    public string EndpointId { get; } = endpointId;

    public string WorkspaceId { get; } = workspaceId;

    public DateTimeOffset ExpiresAt { get; } = expiresAt;

    public bool HasMet => _endpoint.Task.IsCompleted;

    /// <summary>Ends when the display has ended, so that the endpoint's side keeps its request open till then.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The endpoint's socket, once it has come.</summary>
    public Task<WebSocket> Endpoint => _endpoint.Task;

    public Task BrowserCame => _browserCame.Task;

    public void TakeBrowserSide()
    {
        TakeOnce(ref _browserTaken);
        _browserCame.TrySetResult();
    }

    public void TakeEndpointSide() => TakeOnce(ref _endpointTaken);

    public void Meet(WebSocket endpoint) => _endpoint.TrySetResult(endpoint);

    public void End() => _ended.TrySetResult();

    private static void TakeOnce(ref int taken)
    {
        if (Interlocked.Exchange(ref taken, 1) != 0)
        {
            throw new RequestRefused(StatusCodes.Status403Forbidden, ProblemCodes.TokenRefused, "This display stream was used already. Open the display again.");
        }
    }
}
