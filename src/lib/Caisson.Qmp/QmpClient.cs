using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Qmp;

/// <summary>
/// One connection to a QEMU monitor (QMP: one JSON object a line, docs/interop/qmp-spec in QEMU's source).
/// <para>
/// A single task reads. Answers go to the caller whose id they carry, events to <see cref="Events"/>. Whatever goes wrong on the wire ends
/// the connection once: every waiting and every later command fails with the same <see cref="QmpException"/>, and <see cref="Completion"/> completes.
/// </para>
/// </summary>
public sealed class QmpClient : IAsyncDisposable
{
    /// <summary>Bytes in one line from QEMU; the longest real answers (query-qmp-schema) have some 200 KiB.</summary>
    public const int LongestLine = 16 * 1024 * 1024;

    private const int BufferedEvents = 1024;

    private readonly Stream _stream;

    /// <summary>Below the stream where there is one: only a socket can carry an open file.</summary>
    private readonly Socket? _socket;
    private readonly PipeReader _reader;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> _waiting = new();
    private readonly CancellationTokenSource _closing = new();

    // Oldest dropped: an owner that does not read its events must ask query-status anyway, and memory stays bounded.
    private readonly Channel<QmpEvent> _events = Channel.CreateBounded<QmpEvent>(
        new BoundedChannelOptions(BufferedEvents) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true });

    private readonly TaskCompletionSource<QmpException> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _readLoop = Task.CompletedTask;
    private long _lastId;

    private QmpClient(Stream stream, Socket? socket)
    {
        _stream = stream;
        _socket = socket;
        _reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true));
    }

    /// <summary>Completes with the reason when the connection has ended; never faults.</summary>
    public Task<QmpException> Completion => _completion.Task;

    /// <summary>Connects and leaves negotiation mode. QEMU serves one client at a time: while another is connected this waits for it.</summary>
    /// <exception cref="SocketException">Nobody listens on the socket.</exception>
    /// <exception cref="QmpException">The peer does not greet as QEMU does.</exception>
    public static async Task<QmpClient> ConnectAsync(string socketPath, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return await OpenAsync(new NetworkStream(socket, ownsSocket: true), socket, cancellation).ConfigureAwait(false);
    }

    /// <summary>Negotiates over a stream that is already connected, and owns it from then on.</summary>
    public static Task<QmpClient> OpenAsync(Stream stream, CancellationToken cancellation) => OpenAsync(stream, socket: null, cancellation);

    private static async Task<QmpClient> OpenAsync(Stream stream, Socket? socket, CancellationToken cancellation)
    {
        var client = new QmpClient(stream, socket);
        try
        {
            var greeting = await client.ReadLineAsync(cancellation).ConfigureAwait(false)
                ?? throw new QmpException(QmpErrorClass.ConnectionLost, "QEMU closed its monitor before greeting.");
            if (!greeting.TryGetProperty("QMP", out _))
            {
                throw new QmpException(QmpErrorClass.Protocol, "The peer on the monitor socket did not greet as QEMU does.");
            }

            client._readLoop = client.ReadAllAsync();
            await client.ExecuteAsync("qmp_capabilities", arguments: null, cancellation).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Runs one command and returns its "return" member.</summary>
    /// <exception cref="QmpException">QEMU refused it, or the connection ended before the answer.</exception>
    public Task<JsonElement> ExecuteAsync(string command, JsonObject? arguments, CancellationToken cancellation) =>
        ExecuteAsync(command, arguments, passed: null, cancellation);

    /// <summary>Gives QEMU an open file under a name, for URIs like "fd:NAME". QEMU has its own copy when this returns.</summary>
    /// <exception cref="QmpException">QEMU refused it, or the connection is none that can carry a file.</exception>
    public Task PassFileAsync(string name, SafeFileHandle file, CancellationToken cancellation) =>
        ExecuteAsync("getfd", new JsonObject { ["fdname"] = name }, file, cancellation);

    private async Task<JsonElement> ExecuteAsync(string command, JsonObject? arguments, SafeFileHandle? passed, CancellationToken cancellation)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        try
        {
            if (_completion.Task.IsCompleted)
            {
                throw Again(await _completion.Task.ConfigureAwait(false));
            }

            await SendAsync(Encode(command, arguments, id), passed, cancellation).ConfigureAwait(false);
            return await answer.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    /// <summary>Events since the connection was made, in order, to one reader; ends with the connection.</summary>
    public IAsyncEnumerable<QmpEvent> Events(CancellationToken cancellation) => _events.Reader.ReadAllAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        await _readLoop.ConfigureAwait(false);
        End(new QmpException(QmpErrorClass.ConnectionLost, "The monitor connection was closed on this side."));
    }

    private static byte[] Encode(string command, JsonObject? arguments, long id)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("execute"u8, command);
            if (arguments is not null)
            {
                json.WritePropertyName("arguments"u8);
                arguments.WriteTo(json);
            }

            json.WriteNumber("id"u8, id);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private async Task SendAsync(byte[] line, SafeFileHandle? passed, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (passed is not null)
            {
                PassedFile.Send(_socket ?? throw new QmpException(QmpErrorClass.Protocol, "Only a monitor on a Unix socket can be given a file."), line, passed);
                return;
            }

            // Never cancelled half-way: half a command would spoil the next one.
            await _stream.WriteAsync(line, _closing.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            throw new QmpException(QmpErrorClass.ConnectionLost, "QEMU closed its monitor while a command was being sent.", inner: e);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReadAllAsync()
    {
        var end = new QmpException(QmpErrorClass.ConnectionLost, "QEMU closed its monitor: it has ended or was killed.");
        try
        {
            while (await ReadLineAsync(_closing.Token).ConfigureAwait(false) is { } message)
            {
                Dispatch(message);
            }
        }
        catch (QmpException e)
        {
            end = e;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            end = new QmpException(QmpErrorClass.ConnectionLost, "The monitor connection broke.", inner: e);
        }

        // Hung up, so that a peer that goes on talking is not left waiting for a reader.
        await _stream.DisposeAsync().ConfigureAwait(false);
        End(end);
    }

    private void Dispatch(JsonElement message)
    {
        if (message.TryGetProperty("event", out var name) && name.ValueKind is JsonValueKind.String)
        {
            _events.Writer.TryWrite(new QmpEvent(name.GetString()!, message.TryGetProperty("data", out var data) ? data : default));
        }
        else if (message.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.Number && id.TryGetInt64(out var number)
            && _waiting.TryRemove(number, out var answer))
        {
            Answer(answer, message);
        }
        else if (message.TryGetProperty("error", out _) && !message.TryGetProperty("id", out _))
        {
            // QEMU answers a line it could not parse without an id; nobody can be told which command it was.
            throw new QmpException(QmpErrorClass.Protocol, "QEMU did not understand a line sent to its monitor.");
        }

        // An answer to a command whose caller was cancelled meanwhile has nobody waiting for it, and is dropped.
    }

    private static void Answer(TaskCompletionSource<JsonElement> answer, JsonElement message)
    {
        if (message.TryGetProperty("return", out var value))
        {
            answer.TrySetResult(value);
        }
        else if (message.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object)
        {
            answer.TrySetException(new QmpException(QmpErrorClass.Refused, "QEMU refused a command: " + Text(error, "desc"), Text(error, "class")));
        }
        else
        {
            answer.TrySetException(new QmpException(QmpErrorClass.Protocol, "QEMU's answer has neither a return value nor an error."));
        }
    }

    private static string Text(JsonElement error, string member) =>
        error.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "(no text)";

    /// <summary>The next object, or null at the end of the stream. A last line without its newline is no message: it may be cut anywhere.</summary>
    private async Task<JsonElement?> ReadLineAsync(CancellationToken cancellation)
    {
        // How far the buffer is known to hold no newline; without it a 10 MB line would be searched from its start at every read.
        long searched = 0;
        while (true)
        {
            var read = await _reader.ReadAsync(cancellation).ConfigureAwait(false);
            var newline = read.Buffer.Slice(searched).PositionOf((byte)'\n');
            if (newline is { } end)
            {
                var message = Parse(read.Buffer.Slice(0, end));
                _reader.AdvanceTo(read.Buffer.GetPosition(1, end));
                return message;
            }

            if (read.IsCompleted)
            {
                return null;
            }

            searched = read.Buffer.Length;
            if (searched > LongestLine)
            {
                throw new QmpException(QmpErrorClass.LineTooLong, $"QEMU sent a line longer than {LongestLine / (1024 * 1024)} MiB on its monitor.");
            }

            _reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static JsonElement Parse(ReadOnlySequence<byte> line)
    {
        try
        {
            CheckText(line);
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind is JsonValueKind.Object)
            {
                return document.RootElement.Clone();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new QmpException(QmpErrorClass.Protocol, "What came on the monitor is not JSON.", inner: e);
        }

        throw new QmpException(QmpErrorClass.Protocol, "What came on the monitor is not a JSON object.");
    }

    /// <summary>A document parses with strings that are no Unicode text; whoever read one later would meet the exception, so none gets that far.</summary>
    /// <exception cref="InvalidOperationException">A string is not UTF-8, or escapes half a surrogate pair.</exception>
    private static void CheckText(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        while (reader.Read())
        {
            _ = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? reader.GetString() : null;
        }
    }

    private void End(QmpException reason)
    {
        _completion.TrySetResult(reason);
        _events.Writer.TryComplete();
        foreach (var id in _waiting.Keys)
        {
            if (_waiting.TryRemove(id, out var answer))
            {
                answer.TrySetException(Again(reason));
            }
        }
    }

    // One exception object per waiting caller: a thrown exception carries its own stack.
    private static QmpException Again(QmpException reason) => new(reason.Class, reason.Message, reason.QemuClass, reason.InnerException);
}
