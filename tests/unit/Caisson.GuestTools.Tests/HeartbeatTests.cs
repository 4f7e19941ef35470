using System.Text;
using System.Text.Json;

namespace Caisson.GuestTools.Tests;

public sealed class HeartbeatTests
{
    [Fact]
    public void A_heartbeat_is_one_line_of_json_with_boot_id_uptime_and_facts()
    {
        var line = Heartbeat.Encode("6b1d1c1e-0000-4000-8000-000000000001", 12.341, [new("generation", "2"), new("session", "active")]);

        Assert.Equal(
            """{"caisson":1,"type":"heartbeat","bootId":"6b1d1c1e-0000-4000-8000-000000000001","uptimeSeconds":12.34,"facts":{"generation":"2","session":"active"}}""" + "\n",
            Encoding.UTF8.GetString(line));
    }

    [Fact]
    public void A_fact_with_quotes_and_line_ends_stays_inside_its_line()
    {
        var line = Heartbeat.Encode("boot", 1, [new("a", "\"}\r\n{\"caisson\":2")]);

        Assert.Equal(line.Length - 1, Array.IndexOf(line, (byte)'\n'));
        Assert.Equal("\"}\r\n{\"caisson\":2", JsonDocument.Parse(line).RootElement.GetProperty("facts").GetProperty("a").GetString());
    }

    [Fact]
    public void Facts_that_do_not_fit_the_line_are_left_out_and_the_first_are_kept()
    {
        // Each of these characters takes six bytes in JSON.
        var facts = Enumerable.Range(10, 32).Select(i => KeyValuePair.Create($"fact-{i}", new string('\u0001', 256))).ToArray();

        var line = Heartbeat.Encode("boot", 1, facts);

        Assert.InRange(line.Length, 1, Heartbeat.MaximumBytes);
        Assert.Equal(["fact-10", "fact-11"], JsonDocument.Parse(line).RootElement.GetProperty("facts").EnumerateObject().Select(f => f.Name));
    }
}
