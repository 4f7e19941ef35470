namespace Caisson.Protocol;

/// <summary>
/// A place with images' bytes. It decides nothing: what may run is fixed by the digest in <see cref="GenerationReference"/>, and every byte
/// is compared with it.
/// </summary>
public sealed record ImageSource
{
    public required ImageSourceKind Kind { get; init; }

    /// <summary>
    /// Of a registry: <c>https://HOST[:PORT]/REPOSITORY</c>; without <see cref="Image"/> the image's name is added as the last part of the
    /// repository. Of a site cache: <c>http[s]://HOST[:PORT]</c>.
    /// </summary>
    public required Uri Address { get; init; }

    /// <summary>The one image it is for; null: all.</summary>
    public string? Image { get; init; }
}

public enum ImageSourceKind
{
    /// <summary>A caching proxy before this server's registry, known by this server's CA when it speaks TLS.</summary>
    SiteCache,

    /// <summary>Any OCI registry, known by the PC's own list of CAs.</summary>
    Registry,
}
