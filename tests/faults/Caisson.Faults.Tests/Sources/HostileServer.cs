using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Caisson.Images;

namespace Caisson.Faults.Tests.Sources;

/// <param name="Blob">Digest of the blob that is asked; null for another question.</param>
/// <param name="Offset">First byte that is asked.</param>
internal sealed record Asked(string Path, string? Blob, long Offset, int Bytes);

/// <summary>
/// A registry that answers with a store's bytes, except where a test tells it to misbehave. It speaks raw HTTP, because no web server would lie
/// as it must.
/// </summary>
internal sealed class HostileServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closed = new();
    private readonly ImageStore _store;
    private readonly Func<Asked, Answer, Task<bool>> _misbehave;
    private readonly Task _accepting;

    /// <param name="misbehave">Asked first for each request of a blob; false leaves the answer to the honest server.</param>
    public HostileServer(ImageStore store, Func<Asked, Answer, Task<bool>> misbehave)
    {
        (_store, _misbehave) = (store, misbehave);
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        _listener.Stop();
        await _accepting;
        _closed.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closed.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_closed.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
                if (await ReadRequestAsync(reader) is not { } asked)
                {
                    return;
                }

                var answer = new Answer(stream, _closed.Token);
                if (asked.Blob is null || !await _misbehave(asked, answer))
                {
                    await AnswerAsync(asked, answer);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The client had enough.
            }
        }
    }

    private async Task<Asked?> ReadRequestAsync(StreamReader reader)
    {
        var path = (await reader.ReadLineAsync(_closed.Token))?.Split(' ')[1];
        var (offset, bytes) = (0L, int.MaxValue);
        while (await reader.ReadLineAsync(_closed.Token) is { Length: > 0 } header)
        {
            if (header.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase) && header[13..].Split('-') is [var from, var to])
            {
                offset = long.Parse(from, CultureInfo.InvariantCulture);
                bytes = (int)(long.Parse(to, CultureInfo.InvariantCulture) - offset + 1);
            }
        }

        return path is null ? null : new Asked(path, path.Contains("/blobs/", StringComparison.Ordinal) ? path[(path.LastIndexOf('/') + 1)..] : null, offset, bytes);
    }

    private async Task AnswerAsync(Asked asked, Answer answer)
    {
        var name = asked.Path[(asked.Path.LastIndexOf('/') + 1)..];
        var file = name.StartsWith("sha256:", StringComparison.Ordinal) ? _store.BlobPath(name) : null;
        if (asked.Path.Contains("/referrers/", StringComparison.Ordinal) || file is null || !File.Exists(file))
        {
            await answer.SendAsync("404 Not Found", [], default);
            return;
        }

        await answer.SendRangeAsync(await File.ReadAllBytesAsync(file, _closed.Token), asked);
    }
}

/// <summary>The way back to one client; one answer, then the connection ends.</summary>
internal sealed class Answer(NetworkStream stream, CancellationToken closed)
{
    /// <summary>Cancelled when the server ends; what a stall waits for.</summary>
    public CancellationToken Closed => closed;

    /// <summary>What an honest server says.</summary>
    public Task SendRangeAsync(byte[] whole, Asked asked)
    {
        var bytes = (int)Math.Min(asked.Bytes, whole.Length - asked.Offset);
        return asked.Bytes == int.MaxValue
            ? SendAsync("200 OK", [], whole)
            : SendAsync("206 Partial Content", [$"Content-Range: bytes {asked.Offset}-{asked.Offset + bytes - 1}/{whole.Length}"], whole.AsMemory((int)asked.Offset, bytes));
    }

    public async Task SendAsync(string status, string[] headers, ReadOnlyMemory<byte> body)
    {
        await SendHeadAsync(status, [$"Content-Length: {body.Length}", .. headers]);
        await stream.WriteAsync(body, closed);
    }

    public Task SendHeadAsync(string status, string[] headers) => SendTextAsync($"HTTP/1.1 {status}\r\nConnection: close\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n");

    public async Task SendTextAsync(string text) => await SendBytesAsync(Encoding.ASCII.GetBytes(text));

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => await stream.WriteAsync(bytes, closed);

    /// <summary>Says nothing more, and does not hang up.</summary>
    public Task StallAsync() => Task.Delay(Timeout.Infinite, closed);
}
