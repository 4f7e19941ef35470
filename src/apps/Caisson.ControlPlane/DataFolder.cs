using Caisson.Images;

namespace Caisson.ControlPlane;

/// <summary>Every path of the server's data folder; docs/reference/files.md. Directories are 0700, files with a secret 0600.</summary>
internal sealed class DataFolder(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Config => In("config.json");

    public string Database => In("caisson.db");

    public string Keys => In("keys");

    public string AuthorityCertificate => In("keys/ca.crt");

    /// <summary>Key and certificate: <see cref="Certificates.KeyPair"/>.</summary>
    public string AuthorityKey => In("keys/ca.key");

    /// <summary>Certificates of earlier CAs, newest last by name; still trusted for the sessions they issued. Their keys are gone.</summary>
    public string RetiredAuthorities => In("keys/retired");

    /// <summary>One file for each site cache that may read the registry, with the hash of its key.</summary>
    public string SiteCaches => In("keys/caches");

    public string DesiredStateKey => In("keys/desired-state.key");

    public string ServerCertificate => In("keys/server.crt");

    public string ServerKey => In("keys/server.key");

    /// <summary>Keys of the sign-in cookie.</summary>
    public string CookieKeys => In("keys/cookies");

    /// <summary>OCI image layout with every blob.</summary>
    public string Store => In("store");

    /// <summary>Uploads that are not whole yet; on the same file system as the store, so that the last step is a rename.</summary>
    public string Uploads => In("uploads");

    /// <summary>Newest picture per managed workspace: ENDPOINT/WORKSPACE.png.</summary>
    public string Screenshots => In("screenshots");

    /// <summary>Pictures and serial logs of failed starts: ENDPOINT/WORKSPACE/ID.png and .log.</summary>
    public string Evidence => In("evidence");

    /// <summary>What generations changed, in words: FROM-TO.1.json by their digests.</summary>
    public string Comparisons => In("comparisons");

    public string AccessLog => In("log/access.jsonl");

    public void CreateDirectories()
    {
        const UnixFileMode mode = OwnerOnly | UnixFileMode.UserExecute;
        foreach (var directory in (string[])[Path, Keys, RetiredAuthorities, CookieKeys, Store, Uploads, Screenshots, Evidence, Comparisons, In("log")])
        {
            Directory.CreateDirectory(directory, mode);
        }
    }

    /// <summary>Writes a file readable by its owner only, so that after a power cut it is there whole or not at all.</summary>
    public static void WritePrivate(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        WholeFile.Publish(temporary, path);
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
