using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Caisson.ControlPlane.Certificates;

/// <summary>
/// A private key and its certificate as PEM in one file, so that one rename changes both. The certificate lies beside it once more, for
/// whoever needs it and must not have the key.
/// </summary>
internal static class KeyPair
{
    public static void Write(string certificateFile, string keyFile, string certificatePem, ECDsa key)
    {
        DataFolder.WritePrivate(keyFile, Encoding.ASCII.GetBytes($"{key.ExportPkcs8PrivateKeyPem()}\n{certificatePem}\n"));
        DataFolder.WritePrivate(certificateFile, Encoding.ASCII.GetBytes(certificatePem + "\n"));
    }

    /// <exception cref="CryptographicException">Not a pair.</exception>
    public static X509Certificate2 Load(string certificateFile, string keyFile)
    {
        var pair = File.ReadAllText(keyFile);

        // Folders of the first servers have the certificate only in its own file.
        return X509Certificate2.CreateFromPem(pair.Contains("BEGIN CERTIFICATE", StringComparison.Ordinal) ? pair : File.ReadAllText(certificateFile), pair);
    }
}
