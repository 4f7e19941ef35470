using System.Collections.Concurrent;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Caisson.Images;
using Caisson.Protocol;
using Caisson.Trust;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Caisson.Testing;

/// <summary>
/// The server's endpoint listener in small: real TLS 1.3, a real CA, the real routes, and a clock of its own.
/// What a test changes (revoke, rotate, move the clock) takes effect at the next request.
/// </summary>
public sealed class ServerSimulator : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, string> secrets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> devices = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> nonces = new(StringComparer.Ordinal);
    private readonly List<X509Certificate2> authorities = [];
    private X509Certificate2 serverCertificate;

    private ServerSimulator(TimeProvider time)
    {
        Time = time;
        authorities.Add(NewAuthority());
        serverCertificate = NewServerCertificate();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(h =>
            {
                h.SslProtocols = SslProtocols.Tls13;
                h.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                h.AllowAnyClientCertificate();
                h.ServerCertificateSelector = (_, _) => serverCertificate;
            }));
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        app = builder.Build();
        app.Use(async (context, next) =>
        {
            Requests.Enqueue(context.Request.Path);
            if (IsAway)
            {
                context.Abort();
                return;
            }

            await next();
        });
        app.MapGet(Routes.Authorities, () => Json(new AuthorityList((ShowAuthoritiesOf ?? this).AuthorityList()), ProtocolJson.Default.AuthorityList));
        app.MapPost(Routes.Enrol, (Delegate)EnrolAsync);
        app.MapPost(Routes.RenewNonce, (Delegate)NonceAsync);
        app.MapPost(Routes.Renew, (Delegate)RenewAsync);
        app.UseWebSockets();
        app.MapGet(Routes.DesiredState, DesiredState);
        app.MapPost(Routes.Screenshot + "/{workspace}", (Delegate)ScreenshotAsync);
        app.MapPost(Routes.Evidence + "/{workspace}/{id}/{what}", (Delegate)EvidenceAsync);
        app.Map(Routes.Stream + "/{stream}", StreamAsync);
        app.MapGet(Routes.Registry + "/{name}/{kind}/{reference}", (Delegate)RegistryAsync);
        app.MapPost(Routes.Report, (Delegate)ReportAsync);
        app.MapPost(Routes.BootProfiles + "/{name}/{digest}", (Delegate)BootProfileAsync);
    }

    public TimeProvider Time { get; }

    public ECDsa DesiredStateKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ConcurrentQueue<string> Requests { get; } = new();

    public ConcurrentQueue<EndpointReport> Reports { get; } = new();

    /// <summary>Workspace and first bytes of each picture that came.</summary>
    public ConcurrentQueue<(string Workspace, byte[] Png)> Screenshots { get; } = new();

    /// <summary>What came of failed starts: "screen" or "serial".</summary>
    public ConcurrentQueue<(string Workspace, string Id, string What, byte[] Bytes)> Evidence { get; } = new();

    /// <summary>Stream name and first bytes of each display stream that was opened.</summary>
    public ConcurrentQueue<(string Stream, string Greeting)> Streams { get; } = new();

    /// <summary>What the registry serves.</summary>
    public ImageStore? Store { get; set; }

    /// <summary>Each answer of the registry waits so long: a slow line.</summary>
    public TimeSpan RegistryDelay { get; set; }

    /// <summary>Every request is cut off without an answer.</summary>
    public bool IsAway { get; set; }

    public ConcurrentDictionary<string, bool> Revoked { get; } = new(StringComparer.Ordinal);

    public byte[]? Document { get; set; }

    /// <summary>An impostor shows the public CA certificate of the real server.</summary>
    public ServerSimulator? ShowAuthoritiesOf { get; set; }

    /// <summary>The last renewal as it went over the line: nonce and answer.</summary>
    public (string Nonce, byte[] Answer)? LastRenewal { get; private set; }

    /// <summary>A recorded renewal is played to whoever asks for one.</summary>
    public (string Nonce, byte[] Answer)? PlayedRenewal { get; set; }

    public Uri Url { get; private set; } = new("https://localhost");

    public int SecretsSeen { get; private set; }

    public static async Task<ServerSimulator> StartAsync(TimeProvider time, CancellationToken ct)
    {
        var simulator = new ServerSimulator(time);
        await simulator.app.StartAsync(ct);
        simulator.Url = new Uri($"https://localhost:{new Uri(simulator.app.Urls.First()).Port}");
        return simulator;
    }

    /// <summary>A token good for one PC.</summary>
    public EnrolmentToken NewToken()
    {
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        secrets[secret] = "";
        return new EnrolmentToken { Url = Url, CaSha256 = Convert.ToHexStringLower(SHA256.HashData(authorities[0].RawData)), Secret = secret };
    }

    public void TakeDevicesOf(ServerSimulator other)
    {
        foreach (var (id, key) in other.devices)
        {
            devices[id] = key;
        }
    }

    public void Expire(EnrolmentToken token) => secrets[token.Secret] = "expired";

    /// <summary>A new CA signs from now on, and the old one is forgotten.</summary>
    public void RotateAuthority()
    {
        authorities[0] = NewAuthority();
        serverCertificate = NewServerCertificate();
    }

    public void Publish(DesiredState state) => Document = SignedDocument.Sign(DesiredStateKey, Protocol.DesiredState.PayloadType, JsonSerializer.SerializeToUtf8Bytes(state, ProtocolJson.Default.DesiredState)).ToJson();

    private string[] AuthorityList() => [.. authorities.Select(a => Convert.ToBase64String(a.RawData))];

    private X509Certificate2 NewAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=Simulated CA {Guid.NewGuid():N}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(Time.GetUtcNow().AddYears(-1), Time.GetUtcNow().AddYears(9));
    }

    private X509Certificate2 NewServerCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var bare = request.Create(authorities[0], Time.GetUtcNow().AddHours(-1), Time.GetUtcNow().AddDays(90), RandomNumberGenerator.GetBytes(16));
        return X509CertificateLoader.LoadPkcs12(bare.CopyWithPrivateKey(key).Export(X509ContentType.Pkcs12), null);
    }

    private string SessionCertificate(string csr, string endpoint)
    {
        var request = CertificateRequest.LoadSigningRequest(Convert.FromBase64String(csr), HashAlgorithmName.SHA256);
        var own = new CertificateRequest(new X500DistinguishedName($"CN={endpoint}"), request.PublicKey, HashAlgorithmName.SHA256);
        using var certificate = own.Create(authorities[0].SubjectName, X509SignatureGenerator.CreateForECDsa(authorities[0].GetECDsaPrivateKey()!), Time.GetUtcNow(), Time.GetUtcNow().AddHours(24), RandomNumberGenerator.GetBytes(16));
        return Convert.ToBase64String(certificate.RawData);
    }

    private async Task<IResult> EnrolAsync(HttpContext context)
    {
        var request = (await context.Request.ReadFromJsonAsync(ProtocolJson.Default.EnrolmentRequest, context.RequestAborted))!;
        SecretsSeen++;
        if (!secrets.TryGetValue(request.Secret, out var used))
        {
            return Results.Problem("The token is not known here.", statusCode: 403);
        }

        if (used == "expired")
        {
            return Results.Problem("The token has expired.", statusCode: 403);
        }

        if (used.Length > 0 && used != request.DeviceKey)
        {
            return Results.Problem("The token has been used.", statusCode: 403);
        }

        secrets[request.Secret] = request.DeviceKey;
        devices["pc-1"] = Convert.FromBase64String(request.DeviceKey);
        return Json(new EnrolmentResponse
        {
            Endpoint = new("pc-1"),
            Certificate = SessionCertificate(request.CertificateRequest, "pc-1"),
            Authorities = AuthorityList(),
            DesiredStateKey = Convert.ToBase64String(DesiredStateKey.ExportSubjectPublicKeyInfo()),
        }, ProtocolJson.Default.EnrolmentResponse);
    }

    private async Task<IResult> NonceAsync(HttpContext context)
    {
        if (PlayedRenewal is { } played)
        {
            return Json(new RenewalNonce(played.Nonce), ProtocolJson.Default.RenewalNonce);
        }

        var request = (await context.Request.ReadFromJsonAsync(ProtocolJson.Default.RenewalNonceRequest, context.RequestAborted))!;
        if (!devices.ContainsKey(request.Endpoint.Value) || Revoked.ContainsKey(request.Endpoint.Value))
        {
            return Results.Problem("Revoked.", statusCode: 403);
        }

        var nonce = Guid.NewGuid().ToString("N");
        nonces[nonce] = true;
        return Json(new RenewalNonce(nonce), ProtocolJson.Default.RenewalNonce);
    }

    private async Task<IResult> RenewAsync(HttpContext context)
    {
        if (PlayedRenewal is { } played)
        {
            return Results.Bytes(played.Answer, "application/json");
        }

        var request = (await context.Request.ReadFromJsonAsync(ProtocolJson.Default.RenewalRequest, context.RequestAborted))!;
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(devices[request.Endpoint.Value], out _);
        var csr = Convert.FromBase64String(request.CertificateRequest);
        if (!nonces.TryRemove(request.Nonce, out _) || !key.VerifyData(RenewalRequest.SignedBytes(request.Endpoint, request.Nonce, csr), Convert.FromBase64String(request.Signature), HashAlgorithmName.SHA256))
        {
            return Results.Problem("Bad signature.", statusCode: 403);
        }

        var response = new RenewalResponse { Endpoint = request.Endpoint, Nonce = request.Nonce, Certificate = SessionCertificate(request.CertificateRequest, request.Endpoint.Value), Authorities = AuthorityList() };
        var answer = SignedDocument.Sign(DesiredStateKey, RenewalResponse.PayloadType, JsonSerializer.SerializeToUtf8Bytes(response, ProtocolJson.Default.RenewalResponse)).ToJson();
        LastRenewal = (request.Nonce, answer);
        return Results.Bytes(answer, "application/json");
    }

    private IResult DesiredState(HttpContext context)
    {
        if (!IsAccepted(context.Connection.ClientCertificate))
        {
            return Results.StatusCode(401);
        }

        context.Response.Headers[Routes.NextPollHeader] = "1";
        return Document is null ? Results.NotFound() : Results.Bytes(Document, "application/json");
    }

    private async Task<IResult> ReportAsync(HttpContext context)
    {
        if (!IsAccepted(context.Connection.ClientCertificate))
        {
            return Results.StatusCode(401);
        }

        context.Response.Headers[Routes.NextPollHeader] = "1";
        Reports.Enqueue((await context.Request.ReadFromJsonAsync(ProtocolJson.Default.EndpointReport, context.RequestAborted))!);
        return Results.NoContent();
    }

    private async Task<IResult> ScreenshotAsync(HttpContext context, string workspace)
    {
        if (!IsAccepted(context.Connection.ClientCertificate))
        {
            return Results.StatusCode(401);
        }

        using var picture = new MemoryStream();
        await context.Request.Body.CopyToAsync(picture, context.RequestAborted);
        Screenshots.Enqueue((workspace, picture.ToArray()));
        return Results.NoContent();
    }

    private async Task<IResult> EvidenceAsync(HttpContext context, string workspace, string id, string what)
    {
        if (!IsAccepted(context.Connection.ClientCertificate))
        {
            return Results.StatusCode(401);
        }

        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        Evidence.Enqueue((workspace, id, what, bytes.ToArray()));
        return Results.NoContent();
    }

    private async Task StreamAsync(HttpContext context)
    {
        if (!IsAccepted(context.Connection.ClientCertificate) || !context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = 401;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
        Streams.Enqueue((context.Request.RouteValues["stream"]!.ToString()!, Encoding.ASCII.GetString(buffer, 0, received.Count)));
        await socket.CloseAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }

    private async Task<IResult> RegistryAsync(HttpContext context, string name, string kind, string reference)
    {
        if (!IsAccepted(context.Connection.ClientCertificate))
        {
            return Results.StatusCode(401);
        }

        await Task.Delay(RegistryDelay, context.RequestAborted);
        if (kind == "referrers" && Store is not null)
        {
            var index = new OciIndex { Manifests = [.. Store.ListReferrers(reference, context.Request.Query["artifactType"])] };
            return Results.Bytes(JsonSerializer.SerializeToUtf8Bytes(index, OciJson.Default.OciIndex), MediaTypes.OciIndex);
        }

        return Store?.BlobPath(reference) is { } file && File.Exists(file)
            ? Results.File(file, kind == "manifests" ? "application/vnd.oci.image.manifest.v1+json" : "application/octet-stream", enableRangeProcessing: true)
            : Results.NotFound();
    }

    private async Task<IResult> BootProfileAsync(HttpContext context, string name, string digest)
    {
        if (!IsAccepted(context.Connection.ClientCertificate) || Store is null)
        {
            return Results.StatusCode(401);
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        await StoredBootProfile.KeepAsync(Store, name, digest, BootProfileFormat.Decode(body.ToArray()), 1, context.RequestAborted);
        return Results.NoContent();
    }

    private bool IsAccepted(X509Certificate2? certificate)
    {
        if (certificate is null || Revoked.ContainsKey("pc-1"))
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities.ToArray());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = Time.GetUtcNow().UtcDateTime.AddSeconds(1);
        return chain.Build(certificate);
    }

    private static IResult Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => Results.Bytes(JsonSerializer.SerializeToUtf8Bytes(value, type), "application/json");

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
