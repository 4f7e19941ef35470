using System.Security.Cryptography;
using System.Text.Json;
using Caisson.Endpoint.Identity;
using Caisson.Endpoint.Reports;
using Caisson.Endpoint.Server;
using Caisson.Machines;
using Caisson.Protocol;
using Caisson.Trust;
using CsCheck;

namespace Caisson.Endpoint.Tests;

public sealed class DesiredStateTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly EndpointPaths paths;
    private readonly Enrolment enrolment;

    public DesiredStateTests()
    {
        paths = new EndpointPaths(folder.Path);
        enrolment = new Enrolment { Endpoint = new("pc-1"), Url = new("https://server"), Authorities = [], DesiredStateKey = Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()) };
    }

    public void Dispose()
    {
        folder.Dispose();
        key.Dispose();
    }

    [Fact]
    public void A_sequence_below_the_highest_is_refused_over_restarts_too()
    {
        Store().Accept(Signed(Sample.State(7)));
        var e = Assert.Throws<TrustException>(() => Store().Accept(Signed(Sample.State(6))));
        Assert.Contains("has acted on 7", e.Message, StringComparison.Ordinal);
        Assert.Equal(7, Store().LoadLast()!.Sequence);
    }

    [Fact]
    public void An_old_document_put_back_on_disk_is_not_used()
    {
        Store().Accept(Signed(Sample.State(1)));
        var old = File.ReadAllBytes(paths.DesiredState);
        Store().Accept(Signed(Sample.State(2)));
        File.WriteAllBytes(paths.DesiredState, old);
        Assert.Null(Store().LoadLast());
    }

    [Fact]
    public void A_power_cut_between_document_and_floor_leaves_the_document_good_and_the_floor_high()
    {
        Store().Accept(Signed(Sample.State(1)));
        var floor = File.ReadAllBytes(paths.SequenceFloor);
        Store().Accept(Signed(Sample.State(2)));
        File.WriteAllBytes(paths.SequenceFloor, floor);

        var after = Store();
        Assert.Equal(2, after.LoadLast()!.Sequence);
        Assert.Throws<TrustException>(() => after.Accept(Signed(Sample.State(1))));
        after.Accept(Signed(Sample.State(2)));
        Assert.Equal(2, Store().Floor);
    }

    [Fact]
    public void A_document_that_cannot_be_written_leaves_the_floor_where_it_was()
    {
        Store().Accept(Signed(Sample.State(1)));
        File.Delete(paths.DesiredState);
        Directory.CreateDirectory(Path.Combine(paths.DesiredState, "in-the-way"));
        Assert.ThrowsAny<Exception>(() => Store().Accept(Signed(Sample.State(2))));
        Assert.Equal(1, Store().Floor);
    }

    [Fact]
    public void A_document_by_another_key_or_for_another_pc_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Throws<TrustException>(() => Store().Accept(Signed(Sample.State(1), other)));
        Assert.Throws<TrustException>(() => Store().Accept(Signed(Sample.State(1) with { Endpoint = new("pc-2") })));
    }

    [Theory]
    [InlineData("../etc")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\n")]
    public void A_workspace_name_that_is_no_plain_name_is_refused(string id) =>
        Assert.Throws<TrustException>(() => Store().Accept(Signed(Sample.State(1, Sample.Workspace(id)))));

    [Fact]
    public void A_digest_that_is_a_path_is_refused() =>
        Assert.Throws<TrustException>(() => Store().Accept(Signed(Sample.State(1, Sample.Workspace() with { Generation = new("work", 1, "sha256:../../x") }))));

    [Fact]
    public void A_report_says_nothing_of_a_personal_workspace_but_id_kind_and_state()
    {
        Gen.Select(Gen.Enum<WorkspaceState>(), Gen.String, Gen.Int).Sample((state, secret, number) =>
        {
            var view = new WorkspaceView
            {
                Record = new() { Id = new("personal"), Name = "Mine", Kind = WorkspaceKind.Personal, Last = Sample.Generation(1), Base = Sample.Generation(1) },
                Machine = new MachineStatus
                {
                    State = state, StartedAt = DateTimeOffset.UnixEpoch, FirstHeartbeatAt = DateTimeOffset.UnixEpoch, LastHeartbeatAt = DateTimeOffset.UnixEpoch, BootId = Guid.NewGuid(),
                    GuestFacts = new MachineStatus { State = state }.GuestFacts.Add("note", secret), Problem = secret,
                },
                PreparedGeneration = number, Problem = secret, Fill = new() { PresentBytes = 1, ImageBytes = 2, WireBytes = 1, IsComplete = false },
            };
            var expected = new WorkspaceReport { Id = new("personal"), Kind = WorkspaceKind.Personal, State = state };
            Assert.Equal(JsonSerializer.Serialize(expected), JsonSerializer.Serialize(ReportBuilder.Report(view)));
        });
    }

    private DesiredStateStore Store() => new(paths, enrolment);

    private byte[] Signed(DesiredState state, ECDsa? by = null) =>
        SignedDocument.Sign(by ?? key, DesiredState.PayloadType, JsonSerializer.SerializeToUtf8Bytes(state, ProtocolJson.Default.DesiredState)).ToJson();
}
