using System.Collections.Concurrent;
using Caisson.Endpoint.Identity;
using Caisson.Endpoint.Server;
using Caisson.Images;
using Caisson.Protocol;

namespace Caisson.Endpoint.Sources;

/// <summary>One HTTP client for each site cache and registry, kept while caissond runs: a read may still be on its way when the list changes.</summary>
internal sealed class SourceConnections(SourceOptions options, ServerLink link) : IDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<(ImageSourceKind Kind, Uri Root), Lazy<HttpClient>> clients = new();

    /// <summary>A site cache: by our own CA where it speaks TLS, without showing this PC's certificate. It is only ever believed by hash.</summary>
    public HttpClient SiteCache(Uri root) => clients.GetOrAdd((ImageSourceKind.SiteCache, root), key => new(() => new HttpClient(new SocketsHttpHandler
    {
        SslOptions = ServerTrust.TlsOptions(() => link.Enrolment.AuthorityCertificates(), key.Root.Host, () => DateTimeOffset.MinValue, refusal => refusal is null),
        AllowAutoRedirect = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(30),
    })
    { BaseAddress = key.Root, Timeout = AnswerLimit })).Value;

    /// <exception cref="ImageStoreException">The file of credentials or of CAs is damaged.</exception>
    public HttpClient Registry(Uri root) => clients.GetOrAdd((ImageSourceKind.Registry, root), key => new(() =>
        RegistryConnection.Open(key.Root, options.RegistryCredentials is { } file ? RegistryCredential.Find(file, key.Root.Authority) : null, options.RegistryCa))).Value;

    public void Dispose()
    {
        foreach (var client in clients.Values.Where(client => client.IsValueCreated))
        {
            client.Value.Dispose();
        }
    }
}
