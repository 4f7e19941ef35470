using System.Net.Http.Json;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Caisson.Protocol;
using Caisson.Trust;

namespace Caisson.ControlPlane.Tests;

/// <summary>A PC as the server sees it: a device key, a session key, and what enrolment gave.</summary>
internal sealed class TestPc(TestServer server) : IDisposable
{
    public ECDsa DeviceKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ECDsa SessionKey { get; private set; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public EnrolmentResponse? Enrolment { get; private set; }

    public string Id => Enrolment!.Endpoint.Value;

    /// <summary>Speaks with the newest session certificate, or without one before enrolment.</summary>
    public HttpClient Client { get; private set; } = Connect(server, null);

    public static async Task<TestPc> EnrolAsync(TestServer server, string? group = null)
    {
        var pc = new TestPc(server);
        using var answer = await pc.TryEnrolAsync(await server.TokenAsync(group));
        answer.EnsureSuccessStatusCode();
        return pc;
    }

    public async Task<HttpResponseMessage> TryEnrolAsync(string token, byte[]? certificateRequest = null)
    {
        var request = new EnrolmentRequest
        {
            Secret = EnrolmentToken.Parse(token).Secret,
            HostName = "pc-under-test",
            DeviceKey = Convert.ToBase64String(DeviceKey.ExportSubjectPublicKeyInfo()),
            CertificateRequest = Convert.ToBase64String(certificateRequest ?? Request()),
        };
        var answer = await Client.PostAsync(Routes.Enrol, JsonContent.Create(request, ProtocolJson.Default.EnrolmentRequest), TestServer.Cancel);
        if (answer.IsSuccessStatusCode)
        {
            Enrolment = await answer.Content.ReadFromJsonAsync(ProtocolJson.Default.EnrolmentResponse, TestServer.Cancel);
            Use(Enrolment!.Certificate);
        }

        return answer;
    }

    /// <summary>A request that asks for more than it gets: another name, and to be a CA.</summary>
    public byte[] Request(ECDsa? key = null)
    {
        var request = new CertificateRequest("CN=pc-of-somebody-else", key ?? SessionKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSigningRequest();
    }

    public async Task<string> NonceAsync()
    {
        using var answer = await Client.PostAsync(Routes.RenewNonce, JsonContent.Create(new RenewalNonceRequest(new EndpointId(Id)), ProtocolJson.Default.RenewalNonceRequest), TestServer.Cancel);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(ProtocolJson.Default.RenewalNonce, TestServer.Cancel))!.Nonce;
    }

    /// <summary>Renews without a certificate, as a PC does that was away.</summary>
    public async Task<HttpResponseMessage> RenewAsync(string? nonce = null, ECDsa? signedBy = null)
    {
        using var bare = Connect(server, null);
        nonce ??= await NonceAsync();
        var csr = Request();
        var request = new RenewalRequest
        {
            Endpoint = new EndpointId(Id),
            Nonce = nonce,
            CertificateRequest = Convert.ToBase64String(csr),
            Signature = Convert.ToBase64String((signedBy ?? DeviceKey).SignData(RenewalRequest.SignedBytes(new EndpointId(Id), nonce, csr), HashAlgorithmName.SHA256)),
        };
        var answer = await bare.PostAsync(Routes.Renew, JsonContent.Create(request, ProtocolJson.Default.RenewalRequest), TestServer.Cancel);
        if (answer.IsSuccessStatusCode)
        {
            var renewed = JsonSerializer.Deserialize(Open(await answer.Content.ReadAsByteArrayAsync(TestServer.Cancel), RenewalResponse.PayloadType), ProtocolJson.Default.RenewalResponse)!;
            Assert.Equal(nonce, renewed.Nonce);
            Use(renewed.Certificate);
        }

        return answer;
    }

    public async Task<DesiredState> DesiredAsync()
    {
        using var answer = await Client.GetAsync(Routes.DesiredState, TestServer.Cancel);
        return JsonSerializer.Deserialize(Open(await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(TestServer.Cancel), DesiredState.PayloadType), ProtocolJson.Default.DesiredState)!;
    }

    public byte[] Open(byte[] document, string type)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(Enrolment!.DesiredStateKey), out _);
        return SignedDocument.Parse(document).Open(key, type);
    }

    /// <summary>The same PC, speaking with another server that took the first one's place.</summary>
    public TestPc At(TestServer other)
    {
        var pc = new TestPc(other) { Enrolment = Enrolment, SessionKey = ECDsa.Create(SessionKey.ExportParameters(includePrivateParameters: true)) };
        pc.Use(Enrolment!.Certificate);
        return pc;
    }

    public Task<HttpResponseMessage> ReportAsync(EndpointReport report) =>
        Client.PostAsync(Routes.Report, JsonContent.Create(report, ProtocolJson.Default.EndpointReport), TestServer.Cancel);

    public EndpointReport Report(long sequence, params WorkspaceReport[] workspaces) => new()
    {
        Endpoint = new EndpointId(Id),
        Sequence = sequence,
        Host = new HostFacts { HostName = "pc-under-test", CaissondVersion = "0.1.0", QemuVersion = "7.2", Accelerator = "tcg", Cpus = 2, MemoryBytes = 1, FreeDiskBytes = 1 },
        Workspaces = workspaces,
        Orders = [],
    };

    public async Task<WebSocket> StreamAsync(string stream)
    {
        var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => IsOf(server, certificate);
        socket.Options.ClientCertificates.Add(Certificate(Enrolment!.Certificate));
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{server.Address.Endpoints.Port}{Routes.Stream}/{stream}"), TestServer.Cancel);
        return socket;
    }

    public static HttpClient Connect(TestServer server, X509Certificate2? certificate, SslProtocols protocols = SslProtocols.Tls13)
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = protocols,
                RemoteCertificateValidationCallback = (_, certificate, _, _) => IsOf(server, certificate),
                ClientCertificates = certificate is null ? null : new X509CertificateCollection { certificate },
            },
        };
        return new HttpClient(handler) { BaseAddress = server.Address.Endpoints };
    }

    /// <summary>A new connection with this certificate: what a connection may do was decided when it was made.</summary>
    public void Use(string certificate)
    {
        Client.Dispose();
        Client = Connect(server, Certificate(certificate));
    }

    private static bool IsOf(TestServer server, X509Certificate? certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(server.Folder.AuthorityCertificate));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return certificate is X509Certificate2 shown && chain.Build(shown) && shown.MatchesHostname("127.0.0.1");
    }

    private X509Certificate2 Certificate(string der)
    {
        using var bare = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(der));
        return bare.CopyWithPrivateKey(SessionKey);
    }

    public void Dispose()
    {
        Client.Dispose();
        DeviceKey.Dispose();
        SessionKey.Dispose();
    }
}
