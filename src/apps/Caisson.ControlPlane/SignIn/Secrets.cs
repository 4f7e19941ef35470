using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Caisson.ControlPlane.SignIn;

/// <summary>Random secrets that are handed out once and kept as a hash only.</summary>
internal static class Secrets
{
    /// <summary>256 random bits, base64url.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>SHA-256, lower-case hex. Looked up by equality: a timing difference would tell of the hash, not of the secret.</summary>
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
