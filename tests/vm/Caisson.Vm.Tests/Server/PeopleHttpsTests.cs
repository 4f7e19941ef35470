using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using Caisson.Protocol.Api;
using Caisson.Testing;
using Caisson.Vm.Tests.Sources;

namespace Caisson.Vm.Tests.Server;

/// <summary>People reach the server over HTTPS with a certificate of an organisation's own CA, as a browser that knows only the root would.</summary>
public sealed class PeopleHttpsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_whole_chain_is_shown_and_a_person_signs_in_with_a_cookie_that_never_leaves_HTTPS()
    {
        using var folder = new TestFolder();
        var (certificate, key, root) = TestCertificates.Make(folder.Path, "localhost");
        await using var server = await ServerProcess.InitHttpsAsync("localhost", certificate, key, [X509CertificateLoader.LoadCertificateFromFile(root)]);
        await server.RunAsync();

        using var person = new HttpClient(server.Transport()) { BaseAddress = server.Url };
        var link = (await ServerProcess.VerbAsync("sign-in-link", "--data", server.Data)).Trim();
        Assert.StartsWith(server.Url.ToString(), link, StringComparison.Ordinal);
        using var signedIn = await person.GetAsync(new Uri(link), Ct);
        var cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"));
        Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);

        using var page = new HttpRequestMessage(HttpMethod.Get, "/");
        page.Headers.Add("Cookie", cookie.Split(';')[0]);
        using var today = await person.SendAsync(page, Ct);
        Assert.Equal(HttpStatusCode.OK, today.StatusCode);

        using var change = new HttpRequestMessage(HttpMethod.Post, "/api/groups") { Content = JsonContent.Create(new CreateGroupRequest("house"), ApiJson.Default.CreateGroupRequest) };
        change.Headers.Add("Cookie", cookie.Split(';')[0]);
        change.Headers.Add("Origin", server.Url.GetLeftPart(UriPartial.Authority));
        using var made = await person.SendAsync(change, Ct);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Ct));

        using var administrator = server.Administrator();
        var groups = await administrator.GetFromJsonAsync("api/groups", ApiJson.Default.PageGroupInfo, Ct);
        Assert.Equal("house", Assert.Single(groups!.Items).Name);
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_without_a_restart()
    {
        using var folder = new TestFolder();
        var (certificate, key, root) = TestCertificates.Make(folder.Path, "localhost");
        await using var server = await ServerProcess.InitHttpsAsync("localhost", certificate, key, [X509CertificateLoader.LoadCertificateFromFile(root)]);
        await server.RunAsync();

        TestCertificates.Make(folder.Path, "localhost");
        using var transport = server.Transport();
        transport.SslOptions.CertificateChainPolicy!.CustomTrustStore.Clear();
        transport.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(root));
        using var person = new HttpClient(transport) { BaseAddress = server.Url };
        Assert.Equal(HttpStatusCode.OK, (await person.GetAsync(new Uri("healthz", UriKind.Relative), Ct)).StatusCode);
    }
}
