using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Caisson.ControlPlane.Certificates;

/// <summary>
/// Caching proxies that may read the registry for the PCs of a site. Each has a certificate of our CA that names it a site cache, and a file
/// with the hash of its key; without that file, from one moment to the next, the certificate counts no more.
/// </summary>
internal static class SiteCaches
{
    /// <summary>In a certificate's subject. A session certificate has a name and nothing else, so it can not be taken for one of these.</summary>
    private const string Unit = "Caisson site cache";

    private const string UnitOid = "2.5.4.11";

    public static string Subject(string name) => $"CN={name}, OU={Unit}";

    public static bool IsSiteCache(X509Certificate2 certificate) =>
        certificate.SubjectName.EnumerateRelativeDistinguishedNames().Any(part => !part.HasMultipleElements && part.GetSingleElementType().Value == UnitOid && part.GetSingleElementValue() == Unit);

    public static void Admit(DataFolder folder, string name, X509Certificate2 certificate)
    {
        Directory.CreateDirectory(folder.SiteCaches, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        DataFolder.WritePrivate(File(folder, name), Encoding.ASCII.GetBytes(KeyHash(certificate) + "\n"));
    }

    /// <summary>False: there is none of that name.</summary>
    public static bool Revoke(DataFolder folder, string name)
    {
        var known = System.IO.File.Exists(File(folder, name));
        System.IO.File.Delete(File(folder, name));
        return known;
    }

    /// <param name="certificate">Of our CA, which the caller has found out.</param>
    public static bool IsAdmitted(DataFolder folder, string name, X509Certificate2 certificate) =>
        Names.IsWorkspaceId(name) && System.IO.File.Exists(File(folder, name)) && System.IO.File.ReadAllText(File(folder, name)).Trim() == KeyHash(certificate);

    private static string KeyHash(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    private static string File(DataFolder folder, string name) => Path.Combine(folder.SiteCaches, name);
}
