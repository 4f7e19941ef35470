using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Caisson.Images.Tests;

/// <summary>Addresses, credentials and the answer to a registry's 401.</summary>
public sealed class RegistryTests
{
    private static readonly Uri Registry = new("https://registry.example:5000/");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("oci://registry.example/work", "registry.example", "work", null)]
    [InlineData("oci://registry.example:5000/site/work:3", "registry.example:5000", "site/work", "3")]
    [InlineData("oci://[::1]:5000/a/b-c/d_e:latest", "[::1]:5000", "a/b-c/d_e", "latest")]
    [InlineData("oci://h/work@sha256:0000000000000000000000000000000000000000000000000000000000000000", "h", "work", "sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    public void An_address_is_read_and_written_the_same(string text, string host, string repository, string? reference)
    {
        var address = RegistryAddress.Parse(text);

        Assert.Equal((host, repository, reference), (address.Host, address.Repository, address.Reference));
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("https://registry.example/work")]
    [InlineData("oci://registry.example")]
    [InlineData("oci://registry.example/Work")]
    [InlineData("oci://registry.example/../work")]
    [InlineData("oci://registry.example/work:")]
    [InlineData("oci://registry.example/work@sha256:12")]
    [InlineData("oci://user:secret@registry.example/work")]
    [InlineData("oci://registry.example/work?x=1")]
    [InlineData("oci:///work")]
    public void What_is_no_address_is_refused(string text) =>
        Assert.Equal(ImageStoreError.BadInput, Assert.Throws<ImageStoreException>(() => RegistryAddress.Parse(text)).Error);

    [Theory]
    [InlineData("""{"auths":{"registry.example:5000":{"auth":"YWRhOnNlY3JldA=="}}}""", "Basic YWRhOnNlY3JldA==")]
    [InlineData("""{"auths":{"https://registry.example:5000":{"username":"ada","password":"secret"}}}""", "Basic YWRhOnNlY3JldA==")]
    [InlineData("""{"auths":{"registry.example:5000":{"registrytoken":"t"}}}""", "Bearer t")]
    [InlineData("""{"auths":{"registry.example":{"auth":"YWRhOnNlY3JldA=="}}}""", null)]
    [InlineData("""{"credsStore":"desktop"}""", null)]
    public void A_credential_is_the_one_kept_for_that_very_host_and_port(string file, string? header)
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["config.json"], file);

        Assert.Equal(header, RegistryCredential.Find(folder["config.json"], "registry.example:5000")?.Header.ToString());
        Assert.Null(RegistryCredential.Find(folder["nothing.json"], "registry.example:5000"));
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("""{"auths":{"registry.example:5000":{"auth":"not base64"}}}""")]
    [InlineData("""{"auths":[]}""")]
    public void A_damaged_file_of_credentials_is_said_to_be_one(string file)
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["config.json"], file);

        Assert.Contains("docker login", Assert.Throws<ImageStoreException>(() => RegistryCredential.Find(folder["config.json"], "registry.example:5000")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_fetched_once_for_reading_and_once_for_writing_and_shown_to_the_registry_alone()
    {
        var simulated = new SimulatedRegistry("""Bearer realm="https://tokens.example/get?x=1",service="registry",scope="repository:work:pull" """);
        using var client = simulated.Client(RegistryCredential.Of("ada", "secret"));

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("v2/work/manifests/1", UriKind.Relative), Token)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(new Uri("v2/work/blobs/uploads/", UriKind.Relative), null, Token)).StatusCode);
        await client.GetAsync(new Uri("https://elsewhere.example/blob"), Token);

        Assert.Equal(2, simulated.Asked.Count(a => a.Uri.Host == "tokens.example"));
        Assert.All(simulated.Asked.Where(a => a.Uri.Host == "tokens.example"), a =>
        {
            Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("ada:secret")), a.Shown);
            Assert.Equal("?x=1&service=registry&scope=repository%3Awork%3Apull", a.Uri.Query);
        });
        Assert.Null(simulated.Asked.Single(a => a.Uri.Host == "elsewhere.example").Shown);
        Assert.Equal("Bearer token", simulated.Asked[^2].Shown);
    }

    [Fact]
    public async Task Without_a_credential_the_token_is_asked_for_anonymously()
    {
        var simulated = new SimulatedRegistry("""Bearer realm="https://tokens.example/get",service="registry" """);
        using var client = simulated.Client(null);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("v2/work/manifests/1", UriKind.Relative), Token)).StatusCode);

        Assert.Null(simulated.Asked.Single(a => a.Uri.Host == "tokens.example").Shown);
    }

    [Theory]
    [InlineData("""Bearer realm="http://tokens.example/get",service="registry" """)]
    [InlineData("""Bearer realm="file:///etc/passwd" """)]
    [InlineData("Bearer nothing")]
    public async Task A_credential_is_not_sent_over_a_worse_line_than_the_registry_s_own(string challenge)
    {
        var simulated = new SimulatedRegistry(challenge);
        using var client = simulated.Client(RegistryCredential.Of("ada", "secret"));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("v2/work/manifests/1", UriKind.Relative), Token));

        Assert.Single(simulated.Asked);
    }

    [Fact]
    public async Task A_busy_registry_s_wish_to_be_left_alone_reaches_the_reader_and_a_refusal_is_none_of_its_absence()
    {
        using var busy = Answering(() => new HttpResponseMessage(HttpStatusCode.TooManyRequests) { Headers = { RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(17)) } });
        var away = await Assert.ThrowsAsync<BlobSourceException>(() => new RegistryBlobSource(busy, "work").ReadRangeAsync("sha256:0", 0, new byte[1], Token));
        Assert.Equal((BlobSourceError.Away, TimeSpan.FromSeconds(17)), (away.Error, away.RetryAfter));

        using var closed = Answering(() => new HttpResponseMessage(HttpStatusCode.Forbidden));
        Assert.Equal(BlobSourceError.Refused, (await Assert.ThrowsAsync<BlobSourceException>(() => new RegistryBlobSource(closed, "work").ReadManifestAsync("1", Token))).Error);
    }

    private static HttpClient Answering(Func<HttpResponseMessage> answer) => new(new Simulated(_ => answer())) { BaseAddress = Registry };

    private sealed class Simulated(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }

    /// <summary>Answers 401 with a challenge until it is shown the token its token service gives.</summary>
    private sealed class SimulatedRegistry(string challenge)
    {
        public List<(Uri Uri, string? Shown)> Asked { get; } = [];

        public HttpClient Client(RegistryCredential? credential) => new(new RegistryAuthorization(Registry, credential) { InnerHandler = new Simulated(Answer) }) { BaseAddress = Registry };

        private HttpResponseMessage Answer(HttpRequestMessage request)
        {
            Asked.Add((request.RequestUri!, request.Headers.Authorization?.ToString()));
            if (request.RequestUri!.Host == "tokens.example")
            {
                return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""{"token":"token","expires_in":60}""") };
            }

            if (request.RequestUri.Host != "registry.example" || request.Headers.Authorization?.ToString() == "Bearer token")
            {
                return new HttpResponseMessage(HttpStatusCode.OK);
            }

            var refusal = new HttpResponseMessage(HttpStatusCode.Unauthorized);
            refusal.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge.Trim());
            return refusal;
        }
    }
}
