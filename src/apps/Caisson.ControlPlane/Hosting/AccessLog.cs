using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.Features;

namespace Caisson.ControlPlane.Hosting;

/// <summary>
/// DATA/log/access.jsonl: one JSON line per request on either listener, written when the request ends. "bytes" counts the response body
/// as handed to the connection: every figure about what crossed the wire comes from here. Query strings are left out, they carry secrets.
/// </summary>
internal sealed partial class AccessLog(DataFolder folder, TimeProvider time, ILogger<AccessLog> logger) : BackgroundService
{
    /// <summary>At this size the file becomes access.jsonl.1 and a new one begins.</summary>
    private const long RotateBytes = 256L << 20;

    private const int MaxBatchBytes = 1 << 20;

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(10_000)
    {
        SingleReader = true,
        FullMode = BoundedChannelFullMode.Wait,
    });

    public void Use(WebApplication app) => app.Use(async (context, next) =>
    {
        var started = Stopwatch.GetTimestamp();
        var body = new CountedResponseBody(context.Features.GetRequiredFeature<IHttpResponseBodyFeature>());
        context.Features.Set<IHttpResponseBodyFeature>(body);
        try
        {
            await next(context);
        }
        finally
        {
            await _lines.Writer.WriteAsync(Line(context, body.Bytes, Stopwatch.GetElapsedTime(started)));
        }
    });

    /// <summary>For routes that leave HTTP: counts what a WebSocket sent.</summary>
    public static void CountStream(HttpContext context, long bytes) => context.Items[nameof(AccessLog)] = bytes;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Not stopped by the token: lines of requests that end during the shutdown are still written. StopAsync closes the channel.
        FileStream? file = null;
        var isTold = false;
        var batch = new MemoryStream();
        while (await _lines.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.SetLength(0);
            while (batch.Length < MaxBatchBytes && _lines.Reader.TryRead(out var line))
            {
                batch.Write(Encoding.UTF8.GetBytes(line));
                batch.WriteByte((byte)'\n');
            }

            try
            {
                file ??= Open();
                Append(file, batch);
                isTold = false;
                file = RotateIfLarge(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A full disk costs lines of the log, never the server. Told once, until it works again.
                if (!isTold)
                {
                    LogNotWritten(logger, e);
                    isTold = true;
                }
            }
        }

        file?.Dispose();
    }

    /// <summary>All of the batch or nothing: half a line would spoil the next one.</summary>
    private static void Append(FileStream file, MemoryStream batch)
    {
        var whole = file.Length;
        try
        {
            file.Write(batch.GetBuffer(), 0, (int)batch.Length);
        }
        catch (IOException)
        {
            file.SetLength(whole);
            throw;
        }
    }

    private FileStream? RotateIfLarge(FileStream file)
    {
        if (file.Length <= RotateBytes)
        {
            return file;
        }

        File.Move(folder.AccessLog, folder.AccessLog + ".1", overwrite: true);
        file.Dispose();
        return null;
    }

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        _lines.Writer.TryComplete();
        return base.StopAsync(cancellationToken);
    }

    private FileStream Open() => new(folder.AccessLog, new FileStreamOptions
    {
        BufferSize = 0,
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });

    private string Line(HttpContext context, long bytes, TimeSpan took)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            var listener = context.Features.Get<Listener>()?.Kind;
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow());
            json.WriteString("listener", listener == ListenerKind.Endpoints ? "endpoint" : "people");
            if (context.User.Identity is { IsAuthenticated: true, Name: { } name })
            {
                json.WriteString(listener == ListenerKind.Endpoints ? "endpoint" : "actor", name);
            }

            json.WriteString("method", context.Request.Method);
            json.WriteString("path", context.Request.Path.Value);
            json.WriteNumber("status", context.Response.StatusCode);
            json.WriteNumber("bytes", bytes + (context.Items[nameof(AccessLog)] as long? ?? 0));
            json.WriteNumber("milliseconds", Math.Round(took.TotalMilliseconds, 1));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "The access log cannot be written; requests go on without their lines until it can")]
    private static partial void LogNotWritten(ILogger logger, Exception e);
}
