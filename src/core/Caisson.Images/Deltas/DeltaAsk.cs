using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// How an endpoint lets a server know that it would have liked a delta: it asks for a tag that names the pair. Any registry answers that there is no such
/// tag; ours makes the delta in the background.
/// </summary>
public static class DeltaAsk
{
    private const string Prefix = "delta";

    /// <summary>Two times 112 bits of the manifests' digests: a tag has 64 characters at most here, and these collide never.</summary>
    private const int Digits = 28;

    public static string Tag(string baseManifestDigest, string targetManifestDigest) => $"{Prefix}.{Short(baseManifestDigest)}.{Short(targetManifestDigest)}";

    /// <summary>The beginnings of the two manifests' digests, as <see cref="Short"/> gives them; null: the tag asks for no delta.</summary>
    public static (string From, string To)? Read(string tag) =>
        tag.Split('.') is [Prefix, { Length: Digits } from, { Length: Digits } to] ? (from, to) : null;

    /// <summary>The beginning of a digest's hexadecimal digits.</summary>
    public static string Short(string digest) => ChunkId.ParseDigest(digest).ToString()[..Digits];
}
