using System.Text.Json;

namespace Caisson.Protocol.Tests;

public sealed class ContractTests
{
    private static readonly DesiredState State = new()
    {
        Endpoint = new EndpointId("pc-1"),
        Sequence = 7,
        IssuedAt = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero),
        FillBytesPerSecond = 1_000_000,
        Workspaces =
        [
            new DesiredWorkspace
            {
                Id = new WorkspaceId("work"),
                Name = "Work",
                Kind = WorkspaceKind.Managed,
                Generation = new GenerationReference("work", 3, "sha256:" + new string('0', 64)),
                MemoryMiB = 2048,
                Cpus = 2,
            },
        ],
        Orders = [],
    };

    [Fact]
    public void Identifiers_travel_as_plain_strings_and_enums_as_words()
    {
        var json = JsonSerializer.Serialize(State, ProtocolJson.Default.DesiredState);

        Assert.Contains("\"endpoint\":\"pc-1\"", json, StringComparison.Ordinal);
        Assert.Contains("\"kind\":\"Managed\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Desired_state_reads_back_as_it_was_written()
    {
        var json = JsonSerializer.Serialize(State, ProtocolJson.Default.DesiredState);
        var read = JsonSerializer.Deserialize(json, ProtocolJson.Default.DesiredState)!;

        Assert.Equal(json, JsonSerializer.Serialize(read, ProtocolJson.Default.DesiredState));
        Assert.Equal(State.Workspaces[0], read.Workspaces[0]);
    }

    [Fact]
    public void A_document_of_before_a_member_was_thought_of_has_its_default_and_never_null()
    {
        var state = JsonSerializer.Deserialize("""{"endpoint":"pc-1","sequence":1,"issuedAt":"2026-11-22T12:00:00Z","workspaces":[],"orders":[]}""", ProtocolJson.Default.DesiredState)!;
        Assert.Equal((0, 0), (state.Sources.Count, state.FillSchedule.Count));
        var hours = """{"endpoint":"pc-1","sequence":1,"issuedAt":"2026-11-22T12:00:00Z","workspaces":[],"orders":[],"fillSchedule":[{"from":"08:00:00","to":"17:00:00"}]}""";
        Assert.Empty(JsonSerializer.Deserialize(hours, ProtocolJson.Default.DesiredState)!.FillSchedule[0].Days);
        var report = """{"endpoint":"pc-1","sequence":1,"host":{"hostName":"h","caissondVersion":"1","qemuVersion":"7","accelerator":"tcg","cpus":1,"memoryBytes":1,"freeDiskBytes":1},"workspaces":[{"id":"work","kind":"Managed","state":"Running"}],"orders":[]}""";
        Assert.Empty(JsonSerializer.Deserialize(report, ProtocolJson.Default.EndpointReport)!.Workspaces[0].GuestFacts);
    }

    [Fact]
    public void A_member_of_a_later_version_is_ignored()
    {
        var json = JsonSerializer.Serialize(State, ProtocolJson.Default.DesiredState);
        var later = json[..^1] + ",\"lease\":{\"days\":7}}";

        Assert.Equal(7, JsonSerializer.Deserialize(later, ProtocolJson.Default.DesiredState)!.Sequence);
    }

    [Fact]
    public void A_workspace_of_an_earlier_server_has_no_numbers_it_did_not_send()
    {
        var read = JsonSerializer.Deserialize(JsonSerializer.Serialize(State, ProtocolJson.Default.DesiredState), ProtocolJson.Default.DesiredState)!.Workspaces[0];

        Assert.Equal((null, null, null), (read.KeepGenerations, read.AnswerWithinSeconds, read.UpdateWithinHours));
    }

    [Fact]
    public void A_document_without_a_required_member_is_refused()
    {
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"endpoint":"pc-1","sequence":1}""", ProtocolJson.Default.DesiredState));
    }

    [Fact]
    public void A_renewal_signature_covers_endpoint_nonce_and_request()
    {
        var signed = RenewalRequest.SignedBytes(new EndpointId("pc-1"), "n", [1]);

        Assert.NotEqual(signed, RenewalRequest.SignedBytes(new EndpointId("pc-2"), "n", [1]));
        Assert.NotEqual(signed, RenewalRequest.SignedBytes(new EndpointId("pc-1"), "m", [1]));
        Assert.NotEqual(signed, RenewalRequest.SignedBytes(new EndpointId("pc-1"), "n", [2]));
    }
}
