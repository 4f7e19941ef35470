using System.Text;
using Caisson.Machines;

namespace Caisson.Fuzz;

/// <summary>All that a guest may write to its port.</summary>
internal static class GuestParser
{
    private const int MostFacts = 32;

    public static Parser Heartbeat { get; } = new("heartbeat", bytes => ParseAsync(bytes).GetAwaiter().GetResult(), () =>
    [
        Encoding.UTF8.GetBytes("""{"caisson":1,"type":"heartbeat","bootId":"6f9619ff-8b86-d011-b42d-00c04fc964ff","uptimeSeconds":12,"facts":{"os":"Debian 12","ip.v4":"10.0.2.15"}}""" + "\n"),
    ]);

    private static async Task<bool> ParseAsync(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        await GuestConnection.ReadAsync(stream, Heard, TimeProvider.System, CancellationToken.None);
        return GuestMessage.Parse(bytes) is not null;
    }

    private static ValueTask Heard(GuestMessage message)
    {
        Parsers.Require(message.Facts.Count <= MostFacts && message.Facts.Values.All(value => !value.Any(char.IsControl)), "A guest's facts are out of bounds.");
        return ValueTask.CompletedTask;
    }
}
