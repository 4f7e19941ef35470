using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Caisson.ControlPlane.Enrolment;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Tests;

public sealed class EnrolmentTests(SharedServer shared)
{
    [Fact]
    public async Task A_token_enrols_one_pc_into_its_group_and_never_a_second()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        var token = await server.TokenAsync("house");
        Assert.DoesNotContain(EnrolmentToken.Parse(token).Secret, await File.ReadAllTextAsync(server.Folder.Database, System.Text.Encoding.Latin1, TestServer.Cancel), StringComparison.Ordinal);
        using var first = new TestPc(server);
        using var second = new TestPc(server);

        using var welcome = await first.TryEnrolAsync(token);
        using var refusal = await second.TryEnrolAsync(token);

        Assert.Equal(HttpStatusCode.OK, welcome.StatusCode);
        Assert.Equal(["personal", "work"], (await first.DesiredAsync()).Workspaces.Select(w => w.Id.Value));
        Assert.Equal(HttpStatusCode.Forbidden, refusal.StatusCode);
        Assert.Equal(ProblemCodes.TokenRefused, await TestServer.CodeAsync(refusal));
        Assert.Contains("used already", await refusal.Content.ReadAsStringAsync(TestServer.Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_ten_pcs_with_one_token_at_the_same_moment_one_gets_in()
    {
        await using var server = await TestServer.StartAsync();
        var token = await server.TokenAsync();
        var pcs = Enumerable.Range(0, 10).Select(_ => new TestPc(server)).ToList();

        var answers = await Task.WhenAll(pcs.Select(pc => pc.TryEnrolAsync(token)));

        Assert.Equal(1, answers.Count(a => a.IsSuccessStatusCode));
        Assert.Equal(9, answers.Count(a => a.StatusCode == HttpStatusCode.Forbidden));
        pcs.ForEach(pc => pc.Dispose());
    }

    [Fact]
    public async Task An_expired_token_is_refused_and_says_so()
    {
        await using var server = await TestServer.StartAsync();
        var token = await server.TokenAsync();
        server.Time.Advance(TimeSpan.FromMinutes(61));
        using var pc = new TestPc(server);

        using var refusal = await pc.TryEnrolAsync(token);

        Assert.Contains("has expired", await refusal.Content.ReadAsStringAsync(TestServer.Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_altered_token_is_refused()
    {
        var server = shared.Server;
        var token = EnrolmentToken.Parse(await server.TokenAsync());
        using var pc = new TestPc(server);

        using var refusal = await pc.TryEnrolAsync((token with { Secret = token.Secret[..^1] + (token.Secret[^1] == 'A' ? 'B' : 'A') }).ToString());

        Assert.Equal(ProblemCodes.TokenRefused, await TestServer.CodeAsync(refusal));
    }

    [Fact]
    public async Task A_request_that_cannot_be_granted_does_not_use_the_token_up()
    {
        await using var server = await TestServer.StartAsync();
        var token = await server.TokenAsync();
        using var pc = new TestPc(server);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var forged = pc.Request();
        forged[^1] ^= 1;

        foreach (var bad in (byte[][])[pc.Request(p384), forged, [1, 2, 3]])
        {
            using var refusal = await pc.TryEnrolAsync(token, bad);
            Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
        }

        using var welcome = await pc.TryEnrolAsync(token);
        Assert.Equal(HttpStatusCode.OK, welcome.StatusCode);
    }

    [Theory]
    [InlineData(Routes.Enrol, """{"secret":null,"hostName":"a","deviceKey":"","certificateRequest":""}""")]
    [InlineData(Routes.Enrol, """{"secret":"a","hostName":"a","deviceKey":null,"certificateRequest":""}""")]
    [InlineData(Routes.Enrol, "null")]
    [InlineData(Routes.RenewNonce, "{}")]
    [InlineData(Routes.RenewNonce, """{"endpoint":null}""")]
    [InlineData(Routes.Renew, """{"endpoint":"pc-1","nonce":null,"certificateRequest":"","signature":""}""")]
    public async Task A_stranger_who_sends_nothing_where_something_belongs_is_answered_and_not_a_fault(string route, string body)
    {
        var server = shared.Server;
        using var client = TestPc.Connect(server, null);

        using var refusal = await client.PostAsync(route, new StringContent(body, System.Text.Encoding.UTF8, "application/json"), TestServer.Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
    }

    [Fact]
    public async Task Without_a_good_secret_nothing_else_of_a_request_is_looked_at()
    {
        var server = shared.Server;
        var token = EnrolmentToken.Parse(await server.TokenAsync());
        using var pc = new TestPc(server);

        using var refusal = await pc.TryEnrolAsync((token with { Secret = "guessed" }).ToString(), certificateRequest: [1, 2, 3]);

        Assert.Equal(ProblemCodes.TokenRefused, await TestServer.CodeAsync(refusal));
    }

    [Fact]
    public async Task One_address_cannot_ask_without_end()
    {
        await using var server = await TestServer.StartAsync();
        using var client = TestPc.Connect(server, null);

        // Ten times the burst, forty seconds' worth of what comes back: on any machine some are too many.
        var answers = new System.Collections.Concurrent.ConcurrentBag<HttpStatusCode>();
        await Parallel.ForAsync(0, StrangerLimit.Burst * 10, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = TestServer.Cancel }, async (_, ct) =>
        {
            if (answers.Contains(HttpStatusCode.TooManyRequests))
            {
                return;
            }

            using var answer = await client.GetAsync(Routes.Authorities, ct);
            answers.Add(answer.StatusCode);
        });

        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        Assert.True(answers.Count(a => a == HttpStatusCode.OK) >= StrangerLimit.Burst);
    }

    [Fact]
    public async Task Only_the_key_of_a_certificate_request_is_taken()
    {
        var server = shared.Server;
        using var pc = await TestPc.EnrolAsync(server);

        using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(pc.Enrolment!.Certificate));

        Assert.Equal($"CN={pc.Id}", certificate.Subject);
        Assert.Equal(pc.SessionKey.ExportSubjectPublicKeyInfo(), certificate.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.Equal(["1.3.6.1.5.5.7.3.2"], certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(o => o.Value));
        Assert.InRange(certificate.NotAfter - certificate.NotBefore, TimeSpan.FromHours(24), TimeSpan.FromHours(24.5));
    }

    [Fact]
    public async Task A_certificate_of_another_ca_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        await using var other = await TestServer.StartStrangerAsync();
        using var stranger = await TestPc.EnrolAsync(other);
        using var bare = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(stranger.Enrolment!.Certificate));
        using var client = TestPc.Connect(server, bare.CopyWithPrivateKey(stranger.SessionKey));

        using var refusal = await client.GetAsync(Routes.DesiredState, TestServer.Cancel);

        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
        Assert.Equal(ProblemCodes.CertificateRefused, await TestServer.CodeAsync(refusal));
    }

    [Fact]
    public async Task The_servers_own_certificate_is_no_session_certificate()
    {
        var server = shared.Server;
        using var client = TestPc.Connect(server, X509Certificate2.CreateFromPemFile(server.Folder.ServerCertificate, server.Folder.ServerKey));

        using var refusal = await client.GetAsync(Routes.DesiredState, TestServer.Cancel);

        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
    }

    [Theory]
    [InlineData("GET", Routes.DesiredState)]
    [InlineData("POST", Routes.Report)]
    [InlineData("POST", Routes.Screenshot + "/work")]
    [InlineData("GET", Routes.Stream + "/abc")]
    [InlineData("GET", Routes.Registry + "/")]
    [InlineData("GET", Routes.Registry + "/work/manifests/1")]
    public async Task Every_other_route_needs_a_certificate(string method, string path)
    {
        var server = shared.Server;
        using var client = TestPc.Connect(server, null);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var refusal = await client.SendAsync(request, TestServer.Cancel);

        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
    }

    [Fact]
    public async Task Tls_1_2_is_not_spoken()
    {
        var server = shared.Server;
        using var client = TestPc.Connect(server, null, SslProtocols.Tls12);

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/healthz", TestServer.Cancel));
    }
}
