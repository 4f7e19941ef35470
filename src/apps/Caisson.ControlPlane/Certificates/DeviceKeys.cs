using System.Security.Cryptography;

namespace Caisson.ControlPlane.Certificates;

/// <summary>The one kind of key Caisson takes from outside: ECDSA on P-256.</summary>
internal static class DeviceKeys
{
    private const string P256 = "1.2.840.10045.3.1.7";

    /// <exception cref="CryptographicException">Not a P-256 SubjectPublicKeyInfo, with nothing after it.</exception>
    public static void RequireP256(byte[] subjectPublicKeyInfo)
    {
        using var key = Import(subjectPublicKeyInfo);
    }

    /// <exception cref="CryptographicException">Not a P-256 SubjectPublicKeyInfo, with nothing after it.</exception>
    public static ECDsa Import(byte[] subjectPublicKeyInfo)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out var read);
            if (read != subjectPublicKeyInfo.Length || key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value != P256)
            {
                throw new CryptographicException("The key is not on P-256.");
            }

            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
