using System.Security.Cryptography;
using Caisson.Endpoint.Files;

namespace Caisson.Endpoint.LocalPage;

/// <summary>
/// Links to the local page, each good once. The file's name is the hash of the secret, so reading the folder opens nothing;
/// using a link deletes its file, and only one can.
/// </summary>
internal static class OneTimeLinks
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    public static Uri Make(EndpointPaths paths, int port)
    {
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        AtomicFile.Write(FileOf(paths, secret), [], durable: false);
        return new Uri($"http://127.0.0.1:{port}/open?link={secret}");
    }

    public static bool Use(EndpointPaths paths, string secret, DateTimeOffset now)
    {
        if (secret.Length != 64 || !secret.All(char.IsAsciiHexDigitLower))
        {
            return false;
        }

        var file = FileOf(paths, secret);
        var taken = file + ".used";
        try
        {
            var made = new DateTimeOffset(File.GetLastWriteTimeUtc(file));
            File.Move(file, taken);
            File.Delete(taken);
            return (now - made).Duration() <= Life;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    private static string FileOf(EndpointPaths paths, string secret) =>
        Path.Combine(paths.Links, Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(secret))));
}
