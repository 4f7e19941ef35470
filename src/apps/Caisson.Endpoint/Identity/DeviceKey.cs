using System.Security.Cryptography;
using System.Text;
using Caisson.Endpoint.Files;

namespace Caisson.Endpoint.Identity;

/// <summary>The long-lived P-256 key that is this PC to the server. Made once, before the first enrolment, and never sent.</summary>
internal static class DeviceKey
{
    /// <exception cref="EndpointException">The file is there and is not a P-256 key.</exception>
    public static ECDsa LoadOrCreate(EndpointPaths paths)
    {
        if (AtomicFile.Read(paths.DeviceKey) is { } pem)
        {
            var stored = ECDsa.Create();
            try
            {
                stored.ImportFromPem(Encoding.ASCII.GetString(pem));
                return stored;
            }
            catch (Exception e) when (e is ArgumentException or CryptographicException)
            {
                stored.Dispose();
                throw new EndpointException($"'{paths.DeviceKey}' is damaged. Put it back from a backup, or move the folder 'identity' away and enrol this PC again.", e);
            }
        }

        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        AtomicFile.Write(paths.DeviceKey, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
        return key;
    }
}
