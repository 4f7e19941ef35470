using System.Net;
using System.Text;
using Caisson.Images;

namespace Caisson.Fuzz;

/// <summary>What a registry and its token service say, and what people keep and write of registries.</summary>
internal static class RegistryParsers
{
    private const string Host = "registry.example.org:5000";

    private static readonly Uri Registry = new($"https://{Host}/");

    /// <summary>The first line is a challenge, the rest what the token service answers.</summary>
    public static Parser Token { get; } = new("registry-token", bytes => ParseTokenAsync(bytes).GetAwaiter().GetResult(), () =>
    [
        Encoding.UTF8.GetBytes("""Bearer realm="https://auth.example.org/token?a=b",service="registry",scope="repository:site/work:pull" """ + "\n" + """{"token":"abc","expires_in":300}"""),
        Encoding.UTF8.GetBytes("""Basic realm="registry" """ + "\n"),
    ]);

    public static Parser Credential { get; } = new("registry-credential", ParseCredential, () =>
    [
        Kept(Host, """{"auth":"dXNlcjpwYXNzd29yZA=="}"""),
        Kept($"https://{Host}/v2/", """{"registrytoken":"abc"}"""),
        Kept($"https://{Host}", """{"username":"user","password":"word"}"""),
    ]);

    public static Parser Address { get; } = new("registry-address", ParseAddress, () =>
    [
        Encoding.UTF8.GetBytes("oci://registry.example.org:5000/site/work:3"),
        Encoding.UTF8.GetBytes($"oci://[::1]:5000/work@sha256:{new string('a', 64)}"),
        Encoding.UTF8.GetBytes("oci://localhost/a-b/c__d"),
    ]);

    private static async Task<bool> ParseTokenAsync(byte[] bytes)
    {
        var (challenge, answer) = Split(bytes);
        using var invoker = new HttpMessageInvoker(new RegistryAuthorization(Registry, RegistryCredential.Of("user", "password")) { InnerHandler = new Peer(challenge, answer) });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Registry, "v2/site/work/manifests/3"));
        try
        {
            using var response = await invoker.SendAsync(request, CancellationToken.None);
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static (string Challenge, byte[] Answer) Split(byte[] bytes)
    {
        var end = Array.IndexOf(bytes, (byte)'\n');
        return end < 0 ? (Encoding.Latin1.GetString(bytes), []) : (Encoding.Latin1.GetString(bytes, 0, end), bytes[(end + 1)..]);
    }

    private static byte[] Kept(string key, string entry) => Encoding.UTF8.GetBytes($$"""{"credsStore":"x","auths":{"{{key}}":{{entry}} } }""");

    private static bool ParseCredential(byte[] bytes)
    {
        using var file = new ScratchFile(bytes);
        try
        {
            return RegistryCredential.Find(file.Path, Host) is not null;
        }
        catch (ImageStoreException)
        {
            return false;
        }
    }

    private static bool ParseAddress(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        _ = DeltaAsk.Read(text);
        try
        {
            var address = RegistryAddress.Parse(text);
            Parsers.Require(address.Root(plainHttp: true).IsAbsoluteUri && RegistryAddress.Parse(address.ToString()) == address, "An address cannot be written and read again.");
            return true;
        }
        catch (ImageStoreException)
        {
            return false;
        }
    }

    /// <summary>A registry that wants the challenge answered, and a token service.</summary>
    private sealed class Peer(string challenge, byte[] answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Parsers.Require(request.RequestUri!.Scheme == Uri.UriSchemeHttps, "A credential goes over a line that anyone can read.");
            if (request.RequestUri.Authority != Registry.Authority)
            {
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(answer) });
            }

            var response = new HttpResponseMessage(request.Headers.Authorization is null ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
            return Task.FromResult(response);
        }
    }
}
