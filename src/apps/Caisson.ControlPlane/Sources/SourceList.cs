using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Sources;

/// <summary>Where PCs take images from before they ask this server; kept in config.json, sent with every desired state. The only writer of that member while the server runs.</summary>
internal sealed class SourceList(DataFolder folder, ServerConfig config, DesiredStateChanges changes)
{
    private const int MostSources = 16;

    private readonly Lock _gate = new();
    private volatile IReadOnlyList<ImageSource> _sources = config.Sources;

    public IReadOnlyList<ImageSource> All => _sources;

    /// <summary>What a PC with these images is told; of other images it learns nothing.</summary>
    public IReadOnlyList<ImageSource> For(IEnumerable<string> images)
    {
        var names = images.ToHashSet(StringComparer.Ordinal);
        return [.. _sources.Where(source => source.Image is null || names.Contains(source.Image))];
    }

    /// <exception cref="RequestRefused">An address is not one its kind may have.</exception>
    public void Set(IReadOnlyList<ImageSource> sources)
    {
        if (sources.Count > MostSources)
        {
            throw RequestRefused.BadInput($"At most {MostSources} sources can be named.");
        }

        foreach (var source in sources)
        {
            if (Problem(source) is { } problem)
            {
                throw RequestRefused.BadInput(problem);
            }
        }

        lock (_gate)
        {
            // What an administrator has changed in the file by hand since the start stays.
            (ServerConfig.Load(folder) with { Sources = [.. sources] }).Save(folder);
            _sources = [.. sources];
        }

        changes.AnnounceAll();
    }

    /// <summary>What is wrong with a source, in a sentence; null if it may be named.</summary>
    public static string? Problem(ImageSource source)
    {
        if (source.Image is { } image && !Names.IsImage(image))
        {
            return $"'{image}' cannot be an image's name.";
        }

        var address = source.Address;
        if (!address.IsAbsoluteUri || address.Query.Length > 0 || address.Fragment.Length > 0 || address.UserInfo.Length > 0)
        {
            return $"'{address}' is not an address a source can have: https://HOST[:PORT] and, of a registry, the repository. Credentials are given to the PCs, never here.";
        }

        return source.Kind switch
        {
            ImageSourceKind.SiteCache when address.Scheme is "http" or "https" && address.AbsolutePath == "/" => null,
            ImageSourceKind.SiteCache => $"A site cache is http://HOST[:PORT] or https://HOST[:PORT], with nothing after it; '{address}' is not.",
            ImageSourceKind.Registry when address.Scheme == "https" || (address.Scheme == "http" && address.IsLoopback) => null,
            ImageSourceKind.Registry => $"A registry is https://HOST[:PORT]/REPOSITORY; '{address}' is not.",
            _ => "This kind of source is not known.",
        };
    }
}
