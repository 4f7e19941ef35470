using System.Text;
using System.Text.Json;
using Caisson.Qmp;

namespace Caisson.Fuzz;

/// <summary>All that a QEMU may say on its monitor.</summary>
internal static class QmpParser
{
    private const string Greeting = """{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}""" + "\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static Parser Monitor { get; } = new("qmp", bytes => ParseAsync(bytes).GetAwaiter().GetResult(), () =>
    [
        Encoding.UTF8.GetBytes(Greeting + """{"return": {}, "id": 1}""" + "\n" + """{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 2}, "data": {"a": [1, null]}}""" + "\n" + """{"return": {"status": "running"}, "id": 2}""" + "\n"),
        Encoding.UTF8.GetBytes(Greeting + """{"return": {}, "id": 1}""" + "\n" + """{"error": {"class": "GenericError", "desc": "no"}, "id": 2}""" + "\n"),
    ]);

    private static async Task<bool> ParseAsync(byte[] bytes)
    {
        var isMonitor = false;
        try
        {
            await using var client = await QmpClient.OpenAsync(new Peer(bytes), CancellationToken.None).WaitAsync(Patience);
            isMonitor = true;
            try
            {
                await client.ExecuteAsync("query-status", null, CancellationToken.None).WaitAsync(Patience);
            }
            catch (QmpException)
            {
            }

            await client.Completion.WaitAsync(Patience);
            await foreach (var _ in client.Events(CancellationToken.None))
            {
            }
        }
        catch (QmpException)
        {
        }

        return isMonitor;
    }

    /// <summary>
    /// Says its first line, then each time it is told something what comes up to the answer to that, and when it has answered twice all the rest; then hangs up.
    /// What it says before it is asked the client rightly takes for nothing.
    /// </summary>
    private sealed class Peer(byte[] bytes) : Stream
    {
        private const int Commands = 2;

        private readonly SemaphoreSlim _told = new(0);
        private readonly CancellationTokenSource _closed = new();
        private int _at;
        private int _end;
        private int _asked;
        private int _answered;
        private bool _hasGreeted;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_at == _end && _end < bytes.Length)
            {
                await ReleaseLineAsync(cancellationToken);
            }

            var length = Math.Min(buffer.Length, _end - _at);
            bytes.AsMemory(_at, length).CopyTo(buffer);
            _at += length;
            return length;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _told.Release();
            return ValueTask.CompletedTask;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        protected override void Dispose(bool disposing)
        {
            _closed.Cancel();
            base.Dispose(disposing);
        }

        private async Task ReleaseLineAsync(CancellationToken cancellationToken)
        {
            if (_hasGreeted && _asked == _answered && _asked < Commands)
            {
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
                await _told.WaitAsync(stop.Token);
                _asked++;
            }

            var end = bytes.AsSpan(_end).IndexOf((byte)'\n');
            var line = bytes.AsMemory(_end, end < 0 ? bytes.Length - _end : end + 1);
            _answered += _hasGreeted && IsAnswer(line) ? 1 : 0;
            _hasGreeted = true;
            _end += line.Length;
        }

        private bool IsAnswer(ReadOnlyMemory<byte> line)
        {
            try
            {
                using var json = JsonDocument.Parse(line);
                return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("id", out var id)
                    && id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out var number) && number == _asked
                    && !(json.RootElement.TryGetProperty("event", out var name) && name.ValueKind == JsonValueKind.String)
                    && (json.RootElement.TryGetProperty("return", out _) || json.RootElement.TryGetProperty("error", out _));
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }
}
