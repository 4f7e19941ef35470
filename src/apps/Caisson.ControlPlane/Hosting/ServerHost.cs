using System.Net;
using System.Security.Authentication;
using System.Text.Json.Serialization;
using Caisson.ControlPlane.Catalogue;
using Caisson.ControlPlane.Certificates;
using Caisson.ControlPlane.Console;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Enrolment;
using Caisson.ControlPlane.Fleet;
using Caisson.ControlPlane.Gateway;
using Caisson.ControlPlane.Registry;
using Caisson.ControlPlane.SignIn;
using Caisson.ControlPlane.Sources;
using Caisson.Images;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.FileProviders;
using Scalar.AspNetCore;

namespace Caisson.ControlPlane.Hosting;

/// <summary>
/// Puts the server together: one process, one host, two listeners. People come in clear on localhost or with a real certificate, endpoints over
/// TLS 1.3 with our own CA; each route belongs to a listener (<see cref="ListenerMetadata"/>).
/// </summary>
internal static class ServerHost
{
    private const string NoVnc = "/usr/share/novnc";

    public static WebApplication Build(DataFolder folder, ServerConfig config, TimeProvider time)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(ServerHost).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning)

            // A refused sign-in is a line of the access log; cookie keys lie beside the CA's, under the same protection.
            .AddFilter(typeof(ApiTokenHandler).FullName, LogLevel.Warning)
            .AddFilter(typeof(EndpointCertificateHandler).FullName, LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        builder.Host.UseSystemd();
        AddState(builder.Services, folder, config, time);
        builder.AddSignIn(folder);
        builder.Services.AddAntiforgery();
        builder.Services.AddStrangerLimit();
        builder.Services.AddOpenApi("v1", o => o.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Caisson";
            document.Info.Description = "Everything the console does. Authorization: Bearer TOKEN, made with 'caisson-server api-token'.";
            document.Servers = [];
            return Task.CompletedTask;
        }));
        builder.Services.ConfigureHttpJsonOptions(o =>
        {
            o.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            o.SerializerOptions.TypeInfoResolverChain.Insert(1, ProtocolJson.Default);
            o.SerializerOptions.RespectNullableAnnotations = true;
            o.SerializerOptions.RespectRequiredConstructorParameters = true;
            o.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            o.SerializerOptions.Converters.Add(new JsonStringEnumConverter());
            o.SerializerOptions.Converters.Add(new EndpointIdConverter());
            o.SerializerOptions.Converters.Add(new WorkspaceIdConverter());
        });
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, folder, config));
        builder.AddConsole();
        var app = builder.Build();
        UsePipeline(app);
        MapRoutes(app);
        return app;
    }

    private static void AddState(IServiceCollection services, DataFolder folder, ServerConfig config, TimeProvider time)
    {
        services.AddSingleton(time).AddSingleton(folder).AddSingleton(config);
        services.AddDbContextFactory<ServerDb>(o => SqliteDurability.Configure(o, folder.Database));
        services.AddSingleton<ServerAddress>().AddSingleton(_ => Authority.Open(folder, time)).AddSingleton(_ => DesiredStateSigner.Open(folder)).AddSingleton(_ => ImageStore.Open(folder.Store));
        services.AddSingleton<EnrolmentTokens>().AddSingleton<RenewalNonces>();
        services.AddSingleton<DesiredStateChanges>().AddSingleton<EndpointAttention>().AddSingleton<DesiredStates>().AddSingleton<SourceList>();
        services.AddSingleton<Reports>().AddSingleton<Screenshots>().AddSingleton<EvidenceDesk>().AddSingleton<Rollbacks>();
        services.AddSingleton<FleetChanges>().AddSingleton<OrderDesk>().AddSingleton<DisplayStreams>();
        services.AddSingleton<BootProfiles>().AddSingleton<Publishing>().AddSingleton<RegistryAccess>().AddSingleton<Uploads>().AddSingleton<OriginGuard>();
        services.AddSingleton<Presence>().AddHostedService(s => s.GetRequiredService<Presence>());
        services.AddSingleton<StaleBytes>().AddSingleton<Comparisons>().AddHostedService(s => s.GetRequiredService<Comparisons>());
        services.AddSingleton<Deltas>().AddHostedService(s => s.GetRequiredService<Deltas>());
        services.AddSingleton<StoreCare>().AddHostedService(s => s.GetRequiredService<StoreCare>());
        services.AddSingleton<AccessLog>().AddHostedService(s => s.GetRequiredService<AccessLog>());
    }

    private static void Listen(KestrelServerOptions kestrel, DataFolder folder, ServerConfig config)
    {
        kestrel.AddServerHeader = false;
        Bind(kestrel, config.Url, config.ListenAny && !config.Url.IsLoopback, options =>
        {
            Listener.Mark(options, ListenerKind.People);
            if (config.Url.Scheme == "https")
            {
                var certificate = new PeopleCertificate(config.Certificate!, config.CertificateKey!, kestrel.ApplicationServices.GetRequiredService<ILogger<PeopleCertificate>>());
                options.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(certificate.Options()) });
            }
        });
        Bind(kestrel, config.EndpointUrl, config.ListenAny, options =>
        {
            Listener.Mark(options, ListenerKind.Endpoints);
            options.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = KeyPair.Load(folder.ServerCertificate, folder.ServerKey),
                SslProtocols = SslProtocols.Tls13,

                // Enrolment and renewal have none; every other route asks EndpointCertificateHandler, which checks chain, use, dates and revocation.
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (_, _, _) => true,
            });
        });
    }

    /// <summary>Listens where the URL points to: loopback, one address, the addresses of a name; or everywhere if told so.</summary>
    private static void Bind(KestrelServerOptions kestrel, Uri url, bool any, Action<ListenOptions> configure)
    {
        if (any)
        {
            kestrel.ListenAnyIP(url.Port, configure);
        }
        else if (url.Host == "localhost" && url.Port != 0)
        {
            kestrel.ListenLocalhost(url.Port, configure);
        }
        else
        {
            foreach (var address in url.Host == "localhost" ? [IPAddress.Loopback] : Dns.GetHostAddresses(url.DnsSafeHost))
            {
                kestrel.Listen(address, url.Port, configure);
            }
        }
    }

    private static void UsePipeline(WebApplication app)
    {
        var guard = app.Services.GetRequiredService<OriginGuard>();
        app.Services.GetRequiredService<AccessLog>().Use(app);
        app.UseProblems();
        guard.Use(app);
        app.UseSecurityHeaders();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(20), KeepAliveTimeout = TimeSpan.FromSeconds(40) });
        if (Directory.Exists(NoVnc))
        {
            // Debian's noVNC; the library alone is no secret.
            app.UseWhen(c => c.Features.Get<Listener>()?.Kind == ListenerKind.People, people => people.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(NoVnc), RequestPath = "/novnc" }));
        }

        app.UseRouting();
        app.UseListenerSeparation();
        app.UseRateLimiter();
        app.UseAuthentication();
        guard.UseForCookies(app);
        app.UseAuthorization();
        app.UseAntiforgery();
    }

    private static void MapRoutes(WebApplication app)
    {
        app.MapGet("/healthz", async (ServerDb db, CancellationToken ct) =>
        {
            await db.Endpoints.AnyAsync(ct);
            return TypedResults.Content("ok\n", "text/plain");
        }).AllowAnonymous().OnListener(ListenerKind.People | ListenerKind.Endpoints).ExcludeFromDescription();
        app.MapEnrolment();
        app.MapEndpointApi();
        app.MapRegistryPull();
        app.MapRegistryPush();
        app.MapGateway();
        app.MapSignIn();

        // The guard against other sites is OriginGuard; antiforgery tokens are for the console's forms.
        var api = app.MapGroup("/api").DisableAntiforgery();
        api.MapServerApi();
        api.MapCatalogueApi();
        api.MapFleetApi();
        api.MapSourcesApi();
        app.MapOpenApi();
        app.MapScalarApiReference();
        app.MapConsole();
    }
}
