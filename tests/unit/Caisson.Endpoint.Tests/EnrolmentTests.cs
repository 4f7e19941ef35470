using Caisson.Endpoint.Identity;
using Caisson.Endpoint.Server;
using Caisson.Protocol;
using Caisson.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caisson.Endpoint.Tests;

public sealed class EnrolmentTests : IAsyncLifetime
{
    private readonly TestFolder folder = new();
    private readonly ManualTime pcTime = new();
    private readonly ManualTime serverTime = new();
    private ServerSimulator server = null!;
    private EndpointPaths paths = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server = await ServerSimulator.StartAsync(serverTime, Ct);
        paths = new EndpointPaths(folder.Path);
        paths.Create();
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_good_token_enrols_and_leaves_keys_only_the_owner_reads()
    {
        var enrolment = await EnrolAsync(server.NewToken());

        Assert.Equal("pc-1", enrolment.Endpoint.Value);
        foreach (var file in (string[])[paths.DeviceKey, paths.Session, paths.Enrolment])
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task Enrolling_twice_with_the_same_server_changes_nothing()
    {
        var token = server.NewToken();
        await EnrolAsync(token);
        var key = await File.ReadAllTextAsync(paths.DeviceKey, Ct);
        await EnrolAsync(token);

        Assert.Equal(1, server.SecretsSeen);
        Assert.Equal(key, await File.ReadAllTextAsync(paths.DeviceKey, Ct));
    }

    [Fact]
    public async Task An_enrolment_whose_answer_was_lost_is_repeated_with_the_same_token()
    {
        var token = server.NewToken();
        await EnrolAsync(token);
        File.Delete(paths.Enrolment);
        File.Delete(paths.Session);

        Assert.Equal("pc-1", (await EnrolAsync(token)).Endpoint.Value);
    }

    [Fact]
    public async Task A_used_token_is_refused_on_another_pc()
    {
        var token = server.NewToken();
        await EnrolAsync(token);
        using var other = new TestFolder();
        var otherPaths = new EndpointPaths(other.Path);
        otherPaths.Create();

        var e = await Assert.ThrowsAsync<EndpointException>(() => Enroller.EnrolAsync(otherPaths, token, "pc", pcTime, Ct));
        Assert.Contains("The token has been used.", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(otherPaths.Enrolment));
    }

    [Fact]
    public async Task An_expired_token_is_refused_with_the_servers_words()
    {
        var token = server.NewToken();
        server.Expire(token);
        var e = await Assert.ThrowsAsync<EndpointException>(() => EnrolAsync(token));
        Assert.Contains("The token has expired.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_altered_secret_is_refused()
    {
        var e = await Assert.ThrowsAsync<EndpointException>(() => EnrolAsync(server.NewToken() with { Secret = "0000" }));
        Assert.Contains("not known", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_altered_token_text_is_refused_before_anything_is_sent()
    {
        var text = server.NewToken().ToString();
        Assert.Throws<FormatException>(() => EnrolmentToken.Parse(text[..^9]));
        Assert.Throws<FormatException>(() => EnrolmentToken.Parse("x" + text));
    }

    [Fact]
    public async Task A_server_with_another_ca_never_sees_the_secret()
    {
        await using var impostor = await ServerSimulator.StartAsync(serverTime, Ct);
        var token = server.NewToken() with { Url = impostor.Url };

        var e = await Assert.ThrowsAsync<EndpointException>(() => EnrolAsync(token));
        Assert.Contains("was not sent", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, impostor.SecretsSeen);
    }

    [Fact]
    public async Task A_server_that_shows_the_right_ca_but_has_a_certificate_of_another_never_sees_the_secret()
    {
        // The CA certificate is public, so an impostor can show it; its TLS certificate it cannot have.
        await using var impostor = await ServerSimulator.StartAsync(serverTime, Ct);
        impostor.ShowAuthoritiesOf = server;
        var token = server.NewToken() with { Url = impostor.Url };

        var e = await Assert.ThrowsAsync<EndpointException>(() => EnrolAsync(token));
        Assert.Contains("is not trusted", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, impostor.SecretsSeen);
    }

    [Fact]
    public async Task A_server_that_is_away_leaves_the_token_unused()
    {
        var token = server.NewToken();
        await server.DisposeAsync();
        var e = await Assert.ThrowsAsync<EndpointException>(() => EnrolAsync(token));
        Assert.Contains("still unused", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-10)]
    [InlineData(10)]
    public async Task A_pc_whose_clock_is_ten_years_off_enrols_polls_and_renews(int years)
    {
        pcTime.SetWall(pcTime.GetUtcNow().AddYears(years));
        await EnrolAsync(server.NewToken());
        await AssertPollsAsync();

        Pass(TimeSpan.FromHours(13));
        await AssertPollsAsync();
        Assert.Contains(Routes.Renew, server.Requests);
    }

    [Fact]
    public async Task A_pc_that_was_away_for_thirty_days_comes_home_by_itself()
    {
        await EnrolAsync(server.NewToken());
        Pass(TimeSpan.FromDays(30));
        await AssertPollsAsync();
    }

    [Fact]
    public async Task A_pc_that_was_asleep_and_thinks_its_certificate_is_fresh_renews_when_refused()
    {
        await EnrolAsync(server.NewToken());
        serverTime.Pass(TimeSpan.FromDays(30));
        await AssertPollsAsync();
    }

    [Fact]
    public async Task A_rotated_ca_is_learnt_by_a_renewal_signed_with_the_pinned_key()
    {
        var before = await EnrolAsync(server.NewToken());
        server.RotateAuthority();
        await AssertPollsAsync();

        var after = Enrolment.Load(paths)!;
        Assert.NotEqual(before.Authorities, after.Authorities);
        Assert.Equal(before.DesiredStateKey, after.DesiredStateKey);
    }

    [Fact]
    public async Task A_rotated_ca_whose_renewal_is_signed_by_another_key_is_not_believed()
    {
        var before = await EnrolAsync(server.NewToken());
        await using var impostor = await ServerSimulator.StartAsync(serverTime, Ct);
        impostor.TakeDevicesOf(server);
        (before with { Url = impostor.Url }).Save(paths);

        await Assert.ThrowsAsync<HttpRequestException>(AssertPollsAsync);
        Assert.Equal(before.Authorities, Enrolment.Load(paths)!.Authorities);
        Assert.DoesNotContain(Routes.DesiredState, impostor.Requests);
    }

    [Fact]
    public async Task A_recorded_renewal_does_not_bring_a_rotated_ca_back()
    {
        var enrolled = await EnrolAsync(server.NewToken());
        var (before, _) = await RenewAsync(enrolled);
        var recorded = server.LastRenewal;
        server.RotateAuthority();
        var (after, _) = await RenewAsync(before);
        Assert.NotEqual(before.Authorities, after.Authorities);

        server.PlayedRenewal = recorded;
        await Assert.ThrowsAsync<EndpointException>(() => RenewAsync(after));
        Assert.Equal(after.Authorities, Enrolment.Load(paths)!.Authorities);
    }

    [Fact]
    public async Task A_revoked_pc_is_refused_and_says_what_to_do()
    {
        await EnrolAsync(server.NewToken());
        server.Revoked["pc-1"] = true;
        var e = await Assert.ThrowsAsync<HttpRequestException>(AssertPollsAsync);
        Assert.Contains("revoked", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_session_file_is_replaced_at_the_next_poll()
    {
        await EnrolAsync(server.NewToken());
        File.Delete(paths.Session);
        await AssertPollsAsync();
        Assert.True(File.Exists(paths.Session));
    }

    private Task<Enrolment> EnrolAsync(EnrolmentToken token) => Enroller.EnrolAsync(paths, token, "pc", pcTime, Ct);

    private Task<(Enrolment Enrolment, SessionCredential Session)> RenewAsync(Enrolment enrolment) =>
        Renewal.RenewAsync(paths, enrolment, DateTimeOffset.MinValue, pcTime, _ => { }, Ct);

    private void Pass(TimeSpan by)
    {
        pcTime.Pass(by);
        serverTime.Pass(by);
    }

    private async Task AssertPollsAsync()
    {
        var enrolment = Enrolment.Load(paths)!;
        var store = new DesiredStateStore(paths, enrolment);
        server.Publish(Sample.State(store.Floor + 1));
        using var link = new ServerLink(paths, enrolment, pcTime, NullLogger.Instance);
        var poller = new DesiredStatePoller(link, store, new ServerClock(pcTime), pcTime, NullLogger.Instance);
        PollResult? seen = null;
        await poller.PollAsync(r => seen = r, Ct);
        Assert.Equal(store.Floor, seen!.State.Sequence);
    }
}
