using System.Globalization;
using System.Text;
using Caisson.Machines;
using CsCheck;

namespace Caisson.Machines.Tests;

/// <summary>The guest is hostile.</summary>
public sealed class GuestMessageTests
{
    private const string BootId = "0b2f8f0e-59a5-4a4b-9f9f-7f2d0d1c8b11";

    [Fact]
    public void A_heartbeat_is_read_with_its_facts()
    {
        var message = Parse($$$"""{"caisson":1,"type":"heartbeat","bootId":"{{{BootId}}}","uptimeSeconds":1.5,"facts":{"generation":"2","session":"active"},"new":[]}""");
        Assert.Equal(Guid.Parse(BootId), message!.BootId);
        Assert.Equal("2", message.Facts["generation"]);
        Assert.Equal("active", message.Facts["session"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"caisson\":2,\"type\":\"heartbeat\",\"bootId\":\"" + BootId + "\"}")]
    [InlineData("{\"caisson\":1e99,\"type\":\"heartbeat\",\"bootId\":\"" + BootId + "\"}")]
    [InlineData("{\"caisson\":1,\"type\":\"shutdown\",\"bootId\":\"" + BootId + "\"}")]
    [InlineData("{\"caisson\":1,\"type\":\"heartbeat\",\"bootId\":\"../../etc\"}")]
    [InlineData("{\"caisson\":1,\"type\":\"heartbeat\",\"bootId\":7}")]
    [InlineData("{\"caisson\":1,\"type\":\"heartbeat\",\"bootId\":\"\\ud800\"}")]
    [InlineData("{\"caisson\":1,\"type\":\"heartbeat\",\"bootId\":\"" + BootId + "\",\"facts\":{\"a\":{\"b\":{\"c\":{\"d\":1}}}}}")]
    public void What_is_no_heartbeat_is_nothing(string line) => Assert.Null(Parse(line));

    [Fact]
    public void Facts_out_of_bounds_are_dropped_one_by_one()
    {
        var facts = new Dictionary<string, string>
        {
            ["good"] = "yes",
            ["Upper"] = "no",
            ["with space"] = "no",
            [new string('n', 41)] = "no",
            ["long"] = new string('v', 257),
            ["control"] = "a\\u0000b",
            ["newline"] = "a\\nb",
        };
        var members = string.Join(',', facts.Select(fact => $"\"{fact.Key}\":\"{fact.Value}\""));
        var message = Parse($$$"""{"caisson":1,"type":"heartbeat","bootId":"{{{BootId}}}","facts":{{{{members}}},"number":7}}""");
        Assert.Equal(["good"], message!.Facts.Keys);
    }

    [Fact]
    public void No_more_than_32_facts_are_kept()
    {
        var members = string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"f{i.ToString(CultureInfo.InvariantCulture)}\":\"v\""));
        var message = Parse($$$"""{"caisson":1,"type":"heartbeat","bootId":"{{{BootId}}}","facts":{{{{members}}}}}""");
        Assert.Equal(32, message!.Facts.Count);
    }

    [Fact]
    public void No_bytes_whatever_make_the_reader_throw() =>
        Gen.Byte.Array[0, 300].Sample(bytes => GuestMessage.Parse(bytes) is null or { Facts.Count: <= 32 });

    [Fact]
    public async Task The_line_reader_survives_floods_long_lines_and_cuts()
    {
        var good = $$$"""{"caisson":1,"type":"heartbeat","bootId":"{{{BootId}}}"}""" + "\n";
        var stream = new MemoryStream(Encoding.UTF8.GetBytes(
            new string('x', 3_000_000) + "\n" + "\n\n\n" + "{garbage\n" + good + string.Concat(Enumerable.Repeat(good, 1000)) + good[..20]));
        var heard = new List<GuestMessage>();
        await GuestConnection.ReadAsync(
            stream,
            message =>
            {
                heard.Add(message);
                return ValueTask.CompletedTask;
            },
            new StoppedClock(),
            TestContext.Current.CancellationToken);

        // One of the thousand: the flood came within one second.
        Assert.Single(heard);
    }

    [Fact]
    public async Task A_line_one_byte_too_long_is_skipped_and_the_next_one_read()
    {
        var good = $$$"""{"caisson":1,"type":"heartbeat","bootId":"{{{BootId}}}"}""" + "\n";
        var filler = new string(' ', GuestMessage.LongestLine + 2 - good.Length);
        foreach (var (line, count) in ((string, int)[])[(filler[1..] + good, 1), (filler + good, 0)])
        {
            var heard = 0;
            await GuestConnection.ReadAsync(
                new MemoryStream(Encoding.UTF8.GetBytes(line)),
                _ =>
                {
                    heard++;
                    return ValueTask.CompletedTask;
                },
                new StoppedClock(),
                TestContext.Current.CancellationToken);
            Assert.Equal(count, heard);
        }
    }

    private static GuestMessage? Parse(string line) => GuestMessage.Parse(Encoding.UTF8.GetBytes(line));

    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }
}
