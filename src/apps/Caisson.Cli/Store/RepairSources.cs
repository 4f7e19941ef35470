using Caisson.Images;

namespace Caisson.Cli.Store;

/// <summary>What <c>--from</c> names.</summary>
internal sealed class RepairSources : IDisposable
{
    private readonly List<HttpClient> _clients = [];
    private readonly List<IBlobSource> _all = [];

    public IReadOnlyList<IBlobSource> All => _all;

    /// <exception cref="ImageStoreException">Bad input: neither a store nor a repository's address.</exception>
    public static RepairSources Open(IEnumerable<string> names)
    {
        var sources = new RepairSources();
        foreach (var name in names)
        {
            sources._all.Add(sources.Open(name));
        }

        return sources;
    }

    public void Dispose() => _clients.ForEach(client => client.Dispose());

    private IBlobSource Open(string name)
    {
        if (!Uri.TryCreate(name, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            return new DirectoryBlobSource(StoredReference.OpenExisting(name));
        }

        var repository = uri.AbsolutePath.Trim('/');
        if (repository.Length == 0)
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"'{name}' names no repository. Write http://HOST/NAME, for example http://localhost:5000/work.");
        }

        var client = new HttpClient { BaseAddress = new Uri(uri.GetLeftPart(UriPartial.Authority) + "/") };
        _clients.Add(client);
        return new RegistryBlobSource(client, repository);
    }
}
