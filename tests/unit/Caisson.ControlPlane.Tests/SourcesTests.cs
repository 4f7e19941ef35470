using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Caisson.ControlPlane.Certificates;
using Caisson.Images;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Caisson.ControlPlane.Tests;

/// <summary>Where PCs are told to take images from, and what a site cache may do.</summary>
public sealed class SourcesTests(SharedServer shared)
{
    private static readonly ImageSource Cache = new() { Kind = ImageSourceKind.SiteCache, Address = new Uri("http://cache.north.example:8080/") };
    private static readonly ImageSource Registry = new() { Kind = ImageSourceKind.Registry, Address = new Uri("https://registry.example/site/work"), Image = "work" };
    private static readonly ImageSource Foreign = new() { Kind = ImageSourceKind.Registry, Address = new Uri("https://registry.example/site/finance"), Image = "finance" };

    [Fact]
    public async Task A_PC_is_told_the_sources_of_its_own_images_in_order_under_the_signature_also_after_a_restart()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        var before = await pc.DesiredAsync();
        Assert.Empty(before.Sources);

        (await PutAsync(server, Registry, Foreign, Cache)).EnsureSuccessStatusCode();

        var after = await pc.DesiredAsync();
        Assert.True(after.Sequence > before.Sequence);
        Assert.Equal([Registry, Cache], after.Sources);
        await server.StopAsync();
        await server.RunAsync();
        Assert.Equal([Registry, Foreign, Cache], (await server.GetAsync("/api/sources", ApiJson.Default.ImageSourceList)).Items);
    }

    [Theory]
    [InlineData(ImageSourceKind.Registry, "http://registry.example/work")]
    [InlineData(ImageSourceKind.Registry, "https://ada:secret@registry.example/work")]
    [InlineData(ImageSourceKind.Registry, "file:///etc/passwd")]
    [InlineData(ImageSourceKind.SiteCache, "http://cache.example/v2/")]
    [InlineData(ImageSourceKind.SiteCache, "http://cache.example/?x=1")]
    [InlineData(ImageSourceKind.SiteCache, "cache.example")]
    public async Task An_address_that_is_none_for_its_kind_is_refused_with_a_sentence(ImageSourceKind kind, string address)
    {
        using var refusal = await PutAsync(shared.Server, new ImageSource { Kind = kind, Address = new Uri(address, UriKind.RelativeOrAbsolute) });

        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
        Assert.Equal(ProblemCodes.BadInput, await TestServer.CodeAsync(refusal));
    }

    [Fact]
    public async Task A_site_cache_reads_blobs_and_manifests_and_nothing_else_until_it_is_revoked()
    {
        await using var server = await TestServer.StartAsync();
        var blob = "a pack"u8.ToArray();
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(blob));
        await TakeInAsync(server, "work", digest, blob);
        using var certificate = Issue(server, "north");
        using var cache = TestPc.Connect(server, certificate);

        Assert.Equal(blob, await cache.GetByteArrayAsync(new Uri($"/v2/work/blobs/{digest}", UriKind.Relative), TestServer.Cancel));
        Assert.Equal(HttpStatusCode.NotFound, (await cache.GetAsync(new Uri($"/v2/finance/blobs/{digest}", UriKind.Relative), TestServer.Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await cache.GetAsync(new Uri("/v2/work/tags/list", UriKind.Relative), TestServer.Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await cache.PostAsync(new Uri("/v2/work/blobs/uploads/", UriKind.Relative), null, TestServer.Cancel)).StatusCode);
        foreach (var route in (string[])[Routes.DesiredState, "/v1/streams/x"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await cache.GetAsync(new Uri(route, UriKind.Relative), TestServer.Cancel)).StatusCode);
        }

        Assert.True(SiteCaches.Revoke(server.Folder, "north"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await cache.GetAsync(new Uri($"/v2/work/blobs/{digest}", UriKind.Relative), TestServer.Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_site_cache_s_old_certificate_counts_no_more_once_it_has_a_new_one()
    {
        await using var server = await TestServer.StartAsync();
        using var old = Issue(server, "north");
        using var renewed = Issue(server, "north");
        using var before = TestPc.Connect(server, old);
        using var after = TestPc.Connect(server, renewed);

        Assert.Equal(HttpStatusCode.Unauthorized, (await before.GetAsync(new Uri("/v2/", UriKind.Relative), TestServer.Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await after.GetAsync(new Uri("/v2/", UriKind.Relative), TestServer.Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_PC_that_asks_for_a_certificate_with_a_site_cache_s_name_gets_its_own()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = new TestPc(server);
        var request = new CertificateRequest(SiteCaches.Subject("north"), pc.SessionKey, HashAlgorithmName.SHA256).CreateSigningRequest();
        using var answer = await pc.TryEnrolAsync(await server.TokenAsync(), request);

        using var issued = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(pc.Enrolment!.Certificate));
        Assert.False(SiteCaches.IsSiteCache(issued));
    }

    private static Task<HttpResponseMessage> PutAsync(TestServer server, params ImageSource[] sources) =>
        server.Admin.PutAsync("/api/sources", JsonContent.Create(new ImageSourceList(sources), ApiJson.Default.ImageSourceList), TestServer.Cancel);

    private static X509Certificate2 Issue(TestServer server, string name)
    {
        var (certificateFile, keyFile) = (Path.Combine(server.Folder.Path, "cache.crt"), Path.Combine(server.Folder.Path, "cache.key"));
        using var authority = Authority.Open(server.Folder, server.Time);
        using var issued = authority.IssueSiteCache(name, "127.0.0.1", certificateFile, keyFile);
        SiteCaches.Admit(server.Folder, name, issued);
        return X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
    }

    private static async Task TakeInAsync(TestServer server, string repository, string digest, byte[] blob)
    {
        await server.Services.GetRequiredService<ImageStore>().PutBlobAsync(digest, new MemoryStream(blob), TestServer.Cancel);
        await using var db = server.Database();
        db.Add(new Data.RepositoryBlob { Repository = repository, Digest = digest });
        await db.SaveChangesAsync(TestServer.Cancel);
    }
}
