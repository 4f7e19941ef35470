using System.Net;
using System.Security.Cryptography.X509Certificates;
using Caisson.Endpoint.Identity;
using Caisson.Protocol;
using Caisson.Trust;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Server;

/// <summary>
/// The one way out to the server: every request, range read and stream goes through <see cref="Http"/>, which shows the session certificate
/// and gets a new one when it is missing, half over, or refused. The owner of the credential; nobody else writes it.
/// </summary>
internal sealed class ServerLink : HttpMessageHandler
{
    /// <summary>A refused renewal is asked again no sooner; a fleet of revoked PCs must not be a load.</summary>
    private static readonly TimeSpan RenewalPause = TimeSpan.FromSeconds(20);

    /// <summary>More than the longest time the server holds a poll.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly EndpointPaths paths;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly SemaphoreSlim renewing = new(1, 1);
    private volatile Connection current;
    private long lastFailure;
    private bool hasFailed;

    public ServerLink(EndpointPaths paths, Enrolment enrolment, TimeProvider time, ILogger log)
    {
        this.paths = paths;
        this.time = time;
        this.log = log;
        current = new Connection(enrolment, SessionCredential.Load(paths, time));
        Invoker = new HttpMessageInvoker(this, disposeHandler: false);
        Http = new HttpClient(this, disposeHandler: false) { BaseAddress = enrolment.Url, Timeout = AnswerLimit };
    }

    /// <summary>Gives up when no answer begins within a minute; a body may take longer.</summary>
    public HttpClient Http { get; }

    /// <summary>The same way out for WebSockets.</summary>
    public HttpMessageInvoker Invoker { get; }

    public EndpointId Endpoint => current.Enrolment.Endpoint;

    public Enrolment Enrolment => current.Enrolment;

    /// <summary>The last reason the server was not reached or refused; null when all is well.</summary>
    public string? Problem { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        var used = current;
        if (used.Session is null || used.Session.NeedsRenewal(time))
        {
            used = await RenewAsync(used, mustSucceed: used.Session is null, ct);
        }

        try
        {
            var answer = await used.Invoker.SendAsync(request, ct);
            if (answer.StatusCode != HttpStatusCode.Unauthorized)
            {
                Problem = null;
                return answer;
            }

            answer.Dispose();
        }
        catch (HttpRequestException e) when (MayBeRefusal(e))
        {
            // TLS 1.3 tells a refused client certificate only after the handshake, as a broken connection; a rotated CA shows as a failed one.
            Problem = used.LastRefusal is { } reason ? $"The server is not trusted: {reason}." : e.Message;
        }

        var renewed = await RenewAsync(used, mustSucceed: true, ct);
        var second = await renewed.Invoker.SendAsync(request, ct);
        Problem = second.StatusCode == HttpStatusCode.Unauthorized ? "The server refuses this PC's certificate although it has just made it. Look at the server's log." : null;
        return second;
    }

    /// <summary>Gets a new credential unless somebody else did since <paramref name="used"/>.</summary>
    private async Task<Connection> RenewAsync(Connection used, bool mustSucceed, CancellationToken ct)
    {
        await renewing.WaitAsync(ct);
        try
        {
            if (!ReferenceEquals(current, used))
            {
                return current;
            }

            if (hasFailed && time.GetElapsedTime(lastFailure) < RenewalPause)
            {
                return mustSucceed ? throw new HttpRequestException(Problem ?? "The server's certificate for this PC could not be renewed; it will be tried again.") : used;
            }

            var (enrolment, session) = await Renewal.RenewAsync(paths, used.Enrolment, used.Session?.ServerTimeFloor ?? DateTimeOffset.MinValue, time, reason => Log.UnverifiedRenewal(log, reason), ct);
            Log.Renewed(log, session.Certificate.NotAfter.ToUniversalTime());
            hasFailed = false;
            current = new Connection(enrolment, session); // The old one's connections end by themselves; requests in flight finish on it.
            return current;
        }
        catch (Exception e) when (e is EndpointException or HttpRequestException or TrustException or IOException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            hasFailed = true;
            lastFailure = time.GetTimestamp();
            Problem = e.Message;
            Log.RenewalFailed(log, e.Message);
            return mustSucceed ? throw new HttpRequestException(e.Message, e) : used;
        }
        finally
        {
            renewing.Release();
        }
    }

    private static bool MayBeRefusal(HttpRequestException e) => e.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Http.Dispose();
            Invoker.Dispose();
            current.Invoker.Dispose();
            renewing.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>One credential and the connections opened with it.</summary>
    private sealed class Connection
    {
        public Connection(Enrolment enrolment, SessionCredential? session)
        {
            Enrolment = enrolment;
            Session = session;
            var authorities = enrolment.AuthorityCertificates();
            var options = ServerTrust.TlsOptions(() => authorities, enrolment.Url.Host, () => session?.ServerTimeFloor ?? DateTimeOffset.MinValue, refusal => (LastRefusal = refusal) is null);
            if (session is not null)
            {
                options.ClientCertificates = new X509CertificateCollection { session.Certificate };
                options.LocalCertificateSelectionCallback = (_, _, _, _, _) => session.Certificate; // OpenSSL is not to judge by its dates whether to show it.
            }

            Invoker = new HttpMessageInvoker(new SocketsHttpHandler
            {
                SslOptions = options,
                AllowAutoRedirect = false,
                UseProxy = false,
                ConnectTimeout = TimeSpan.FromSeconds(15),
                PooledConnectionLifetime = TimeSpan.FromMinutes(30),
            });
        }

        public Enrolment Enrolment { get; }

        public SessionCredential? Session { get; }

        public HttpMessageInvoker Invoker { get; }

        public string? LastRefusal { get; private set; }
    }
}
