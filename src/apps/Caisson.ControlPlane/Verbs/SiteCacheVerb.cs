using System.Security.Cryptography.X509Certificates;
using Caisson.ControlPlane.Certificates;

namespace Caisson.ControlPlane.Verbs;

/// <summary>
/// site-cache: what a caching proxy needs to read this server's registry for the PCs of a site, and to be known by them: one certificate and
/// key, good for both, and our CA. Beside a running server or without one.
/// </summary>
internal static class SiteCacheVerb
{
    public static Task RunAsync(Arguments arguments, TimeProvider time)
    {
        var folder = new DataFolder(arguments.Required("data"));
        var name = arguments.Required("name");
        var revoke = arguments.Flag("revoke");
        var host = arguments.Option("host");
        var target = arguments.Option("out");
        arguments.End();
        ServerConfig.Load(folder);
        if (!Names.IsWorkspaceId(name))
        {
            throw new VerbException(ExitCode.BadInput, $"--name '{name}' is not a name: 1 to 40 of [a-z0-9-].");
        }

        if (revoke)
        {
            Revoke(folder, name);
        }
        else
        {
            Issue(folder, name, host ?? throw new VerbException(ExitCode.Usage, "--host is missing: the name or address PCs reach the cache at."), target ?? throw new VerbException(ExitCode.Usage, "--out is missing: a folder for the cache's files."), time);
        }

        return Task.CompletedTask;
    }

    private static void Revoke(DataFolder folder, string name)
    {
        if (!SiteCaches.Revoke(folder, name))
        {
            throw new VerbException(ExitCode.BadInput, $"There is no site cache '{name}'.");
        }

        System.Console.WriteLine($"The site cache '{name}' reads nothing more from this server. What it has kept it still has: delete that there.");
    }

    private static void Issue(DataFolder folder, string name, string host, string target, TimeProvider time)
    {
        Directory.CreateDirectory(target);
        using var authority = Authority.Open(folder, time);
        using var certificate = authority.IssueSiteCache(name, host, Path.Combine(target, "site-cache.crt"), Path.Combine(target, "site-cache.key"));
        DataFolder.WritePrivate(Path.Combine(target, "server-ca.crt"), System.Text.Encoding.ASCII.GetBytes(string.Concat(authority.Trusted.Select(ca => ca.ExportCertificatePem() + "\n"))));
        SiteCaches.Admit(folder, name, certificate);
        System.Console.WriteLine($"The site cache '{name}' may read this server's registry until {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}. Its files are in '{target}'; the key there is its password. Make new ones before that day with the same command.");
    }
}
