namespace Caisson.Endpoint.Sources;

/// <summary>Where this PC takes images from by its own settings, beside what the server says.</summary>
internal sealed record SourceOptions
{
    /// <summary>Folders under which media with stores appear.</summary>
    public IReadOnlyList<string> Media { get; init; } = [];

    /// <summary>The site's caching proxy, asked before those the server names.</summary>
    public Uri? SiteCache { get; init; }

    /// <summary>A file as 'docker login' and 'podman login' write it, for registries that do not give to anybody.</summary>
    public string? RegistryCredentials { get; init; }

    /// <summary>PEM of the CAs of registries, where this PC does not know them.</summary>
    public string? RegistryCa { get; init; }

    /// <exception cref="EndpointException">Not an address a cache can have.</exception>
    public static Uri ParseSiteCache(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.PathAndQuery == "/"
            ? uri
            : throw new EndpointException($"--site-cache '{address}' is not of the form http://HOST[:PORT] or https://HOST[:PORT].");
}
