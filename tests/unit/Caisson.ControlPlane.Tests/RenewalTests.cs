using System.Net;
using System.Security.Cryptography;
using Caisson.ControlPlane.Certificates;
using Caisson.ControlPlane.Verbs;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Tests;

public sealed class RenewalTests
{
    [Theory]
    [InlineData(30)]
    [InlineData(3650)]
    [InlineData(-3650)]
    public async Task However_long_a_pc_was_away_and_whatever_the_servers_clock_says_its_device_key_renews(int days)
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        server.Time.Advance(TimeSpan.FromDays(days));
        pc.Use(pc.Enrolment!.Certificate);
        using var refusal = await pc.Client.GetAsync(Routes.DesiredState, TestServer.Cancel);

        using var renewed = await pc.RenewAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
        Assert.Equal(HttpStatusCode.OK, renewed.StatusCode);
        Assert.Equal(pc.Id, (await pc.DesiredAsync()).Endpoint.Value);
    }

    [Fact]
    public async Task A_revoked_pc_is_refused_with_its_certificate_and_at_renewal()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        await pc.DesiredAsync();
        using var done = await server.Admin.PostAsync($"/api/endpoints/{pc.Id}/revoke", null, TestServer.Cancel);

        // On the very connection that was good a moment ago.
        using var refusal = await pc.Client.GetAsync(Routes.DesiredState, TestServer.Cancel);
        using var renewal = await pc.RenewAsync();

        Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        Assert.Equal(ProblemCodes.Revoked, await TestServer.CodeAsync(refusal));
        Assert.Equal(ProblemCodes.Revoked, await TestServer.CodeAsync(renewal));
    }

    [Fact]
    public async Task Daily_renewals_do_not_fill_the_activity()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        var before = await server.GetAsync("/api/activity", ApiJson.Default.PageActivityInfo);

        using var renewed = await pc.RenewAsync();

        Assert.Equal(HttpStatusCode.OK, renewed.StatusCode);
        Assert.Equal(before.Total, (await server.GetAsync("/api/activity", ApiJson.Default.PageActivityInfo)).Total);
    }

    [Fact]
    public async Task A_nonce_is_good_once_for_five_minutes_and_for_its_own_pc()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        using var other = await TestPc.EnrolAsync(server);
        var nonce = await pc.NonceAsync();
        using var renewed = await pc.RenewAsync(nonce);
        using var again = await pc.RenewAsync(nonce);
        using var foreign = await pc.RenewAsync(await other.NonceAsync());
        var old = await pc.NonceAsync();
        server.Time.Advance(TimeSpan.FromMinutes(6));
        using var late = await pc.RenewAsync(old);
        using var invented = await pc.RenewAsync("bm9uY2U");

        Assert.Equal(HttpStatusCode.OK, renewed.StatusCode);
        Assert.All((HttpResponseMessage[])[again, foreign, late, invented], r => Assert.Equal(HttpStatusCode.Forbidden, r.StatusCode));
    }

    [Fact]
    public async Task Another_key_than_the_device_key_renews_nothing()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        using var thief = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        using var refusal = await pc.RenewAsync(signedBy: thief);

        Assert.Equal(ProblemCodes.CertificateRefused, await TestServer.CodeAsync(refusal));
    }

    [Fact]
    public async Task After_a_rotation_old_certificates_still_count_and_a_renewal_brings_the_new_ca()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        await server.StopAsync();
        await ServerVerbs.RotateAuthorityAsync(server.Folder, ServerConfig.Load(server.Folder), server.Time, TestServer.Cancel);
        await server.RunAsync();
        pc.Use(pc.Enrolment!.Certificate);

        var before = await pc.DesiredAsync();
        using var renewed = await pc.RenewAsync();

        Assert.Equal(pc.Id, before.Endpoint.Value);
        Assert.Equal(HttpStatusCode.OK, renewed.StatusCode);
        Assert.Equal(pc.Id, (await pc.DesiredAsync()).Endpoint.Value);
        using var newcomer = await TestPc.EnrolAsync(server);
        Assert.Equal(2, newcomer.Enrolment!.Authorities.Count);
        Assert.Equal(pc.Enrolment.Authorities[0], newcomer.Enrolment.Authorities[1]);
    }

    [Fact]
    public async Task A_stolen_ca_is_evicted_in_two_steps()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        var stolen = pc.Enrolment!.Certificate;
        await server.StopAsync();
        await Assert.ThrowsAsync<VerbException>(() => ServerVerbs.DistrustRetiredAsync(server.Folder, server.Time, TestServer.Cancel));
        await ServerVerbs.RotateAuthorityAsync(server.Folder, ServerConfig.Load(server.Folder), server.Time, TestServer.Cancel);
        await ServerVerbs.DistrustRetiredAsync(server.Folder, server.Time, TestServer.Cancel);
        await server.RunAsync();
        pc.Use(stolen);

        using var refusal = await pc.Client.GetAsync(Routes.DesiredState, TestServer.Cancel);
        using var renewed = await pc.RenewAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
        Assert.Equal(HttpStatusCode.OK, renewed.StatusCode);
        Assert.Equal(pc.Id, (await pc.DesiredAsync()).Endpoint.Value);
    }

    [Fact]
    public async Task A_rotation_cut_off_between_its_files_leaves_a_whole_ca()
    {
        await using var server = await TestServer.StartAsync();
        await server.StopAsync();
        var old = await File.ReadAllTextAsync(server.Folder.AuthorityCertificate, TestServer.Cancel);
        await ServerVerbs.RotateAuthorityAsync(server.Folder, ServerConfig.Load(server.Folder), server.Time, TestServer.Cancel);
        var whole = await File.ReadAllTextAsync(server.Folder.AuthorityCertificate, TestServer.Cancel);
        await File.WriteAllTextAsync(server.Folder.AuthorityCertificate, old, TestServer.Cancel);

        using var authority = Authority.Open(server.Folder, server.Time);

        Assert.Equal(whole.Trim(), authority.Trusted[0].ExportCertificatePem());
    }
}
