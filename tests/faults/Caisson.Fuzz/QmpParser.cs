using System.Text;
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

    private static async Task ParseAsync(byte[] bytes)
    {
        try
        {
            await using var client = await QmpClient.OpenAsync(new Peer(bytes), CancellationToken.None).WaitAsync(Patience);
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
    }

    /// <summary>Says what it has to say, then hangs up; listens to nothing.</summary>
    private sealed class Peer(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }
    }
}
