using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Caisson.ControlPlane.Verbs;

namespace Caisson.ControlPlane.Hosting;

/// <summary>
/// The certificate people's browsers are shown, with the chain that stands after it in its file. Renewed files count from the next connection
/// on; a pair that does not fit (one half is still to be written) does not, and the one before goes on.
/// </summary>
internal sealed partial class PeopleCertificate
{
    private readonly Lock _gate = new();
    private readonly string _certificate;
    private readonly string _key;
    private readonly ILogger _logger;
    private SslStreamCertificateContext _shown;
    private (DateTime, DateTime) _stamp;
    private (DateTime, DateTime) _refused;

    /// <exception cref="VerbException">The files are not a certificate and its key.</exception>
    public PeopleCertificate(string certificate, string key, ILogger logger)
    {
        (_certificate, _key, _logger) = (certificate, key, logger);
        try
        {
            _stamp = Stamp();
            _shown = Load();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new VerbException(ExitCode.BadInput, $"'{certificate}' and '{key}' are not a certificate and its key in PEM: {e.Message}", e);
        }
    }

    public SslServerAuthenticationOptions Options() => new()
    {
        ServerCertificateContext = Current(),
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };

    private SslStreamCertificateContext Current()
    {
        lock (_gate)
        {
            var stamp = Stamp();
            if (stamp == _stamp || stamp == _refused)
            {
                return _shown;
            }

            try
            {
                _shown = Load();
                _stamp = stamp;
                LogRenewed(_logger, _certificate);
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
            {
                _refused = stamp;
                LogRefused(_logger, _certificate, e.Message);
            }

            return _shown;
        }
    }

    private (DateTime, DateTime) Stamp() => (File.GetLastWriteTimeUtc(_certificate), File.GetLastWriteTimeUtc(_key));

    private SslStreamCertificateContext Load()
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(_certificate);
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(_certificate, _key), chain, offline: true);
    }

    [LoggerMessage(EventId = 20, Level = LogLevel.Information, Message = "People are shown the renewed certificate {File}")]
    private static partial void LogRenewed(ILogger logger, string file);

    [LoggerMessage(EventId = 21, Level = LogLevel.Warning, Message = "The new certificate {File} cannot be used, the one before goes on: {Reason}")]
    private static partial void LogRefused(ILogger logger, string file, string reason);
}
