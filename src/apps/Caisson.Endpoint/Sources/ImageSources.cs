using System.Collections.Concurrent;
using Caisson.Endpoint.Server;
using Caisson.Images;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Sources;

/// <summary>
/// Where this PC's images come from, in order: media it finds, its own site cache, what the desired state names, and at last the server, which
/// has everything. None of them decides what runs: that is the digest in the desired state.
/// </summary>
internal sealed class ImageSources(SourceOptions options, ServerLink link, TimeProvider time, ILogger log) : IDisposable
{
    /// <summary>More than anybody has; a list of thousands would only be a way to keep the PC busy.</summary>
    private const int MostSources = 16;

    private readonly SourceConnections connections = new(options, link);
    private readonly List<MediumBlobSource> media = [.. options.Media.Select(folder => new MediumBlobSource(folder, time))];
    private readonly ConcurrentDictionary<string, SourceCount> counts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (IReadOnlyList<ImageSource> Wanted, IBlobSource Chain)> chains = new(StringComparer.Ordinal);
    private volatile IReadOnlyList<ImageSource> wanted = [];

    /// <summary>What has come from where since caissond began.</summary>
    public IReadOnlyList<SourceTotal> Totals =>
        [.. counts.Where(c => c.Value.Bytes > 0).Select(c => new SourceTotal(c.Key, c.Value.Bytes, c.Value.Rejected)).OrderBy(t => t.Name, StringComparer.Ordinal)];

    /// <summary>Takes over a desired state's list; images that are open use it with their next read.</summary>
    public void Want(IReadOnlyList<ImageSource> sources)
    {
        if (!sources.SequenceEqual(wanted))
        {
            wanted = [.. sources];
            Log.SourcesSet(log, sources.Count == 0 ? "the server alone" : string.Join(", ", sources.Select(s => s.Address)));
        }
    }

    public IBlobSource Of(string image) => new CurrentSource(() => Chain(image));

    public void Dispose() => connections.Dispose();

    private IBlobSource Chain(string image)
    {
        var current = wanted;
        if (!chains.TryGetValue(image, out var known) || !ReferenceEquals(known.Wanted, current))
        {
            known = (current, new SourceChain(InOrder(image, current).Select(Counted), time));
            chains[image] = known;
        }

        return known.Chain;
    }

    private IEnumerable<IBlobSource> InOrder(string image, IReadOnlyList<ImageSource> sources)
    {
        var named = sources.Where(source => source.Image is null || source.Image == image).Take(MostSources).Select(source => TryOpen(source, image));
        IBlobSource? own = options.SiteCache is { } cache ? new RegistryBlobSource(connections.SiteCache(cache), image) : null;
        return [.. media, .. named.Prepend(own).OfType<IBlobSource>(), new RegistryBlobSource(link.Http, image)];
    }

    private CountedSource Counted(IBlobSource source) => new(source, counts.GetOrAdd(source.Name, _ => new SourceCount()));

    /// <summary>What cannot be used is said once and left out: the server is always there.</summary>
    private RegistryBlobSource? TryOpen(ImageSource source, string image)
    {
        try
        {
            var root = new Uri(source.Address, "/");
            switch (source.Kind)
            {
                case ImageSourceKind.SiteCache when root.Scheme is "http" or "https":
                    return new RegistryBlobSource(connections.SiteCache(root), image);
                case ImageSourceKind.Registry when root.Scheme == "https" || (root.Scheme == "http" && root.IsLoopback):
                    var path = source.Address.AbsolutePath.Trim('/');
                    return new RegistryBlobSource(connections.Registry(root), source.Image is null ? $"{path}/{image}".TrimStart('/') : path);
                default:
                    Log.SourceUnusable(log, source.Address, "its address is not one this kind may have: a registry speaks https, a site cache http or https");
                    return null;
            }
        }
        catch (ImageStoreException e)
        {
            Log.SourceUnusable(log, source.Address, e.Message);
            return null;
        }
    }
}

/// <summary>Bytes of blobs one source gave, and how often they were wrong.</summary>
internal sealed record SourceTotal(string Name, long Bytes, long Rejected);
