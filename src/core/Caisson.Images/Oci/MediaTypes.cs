namespace Caisson.Images;

/// <summary>The types and annotations under which Caisson's blobs lie in an OCI registry; docs/reference/formats.md.</summary>
public static class MediaTypes
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string OciEmpty = "application/vnd.oci.empty.v1+json";

    /// <summary>Artifact type of a generation's manifest.</summary>
    public const string Generation = "application/vnd.caisson.generation.v1";
    public const string GenerationConfig = "application/vnd.caisson.generation.config.v1+json";
    public const string Index = "application/vnd.caisson.index.v1";
    public const string Pack = "application/vnd.caisson.pack.v1";

    /// <summary>Artifact type of a delta's manifest and media type of its only layer; its subject is the new generation.</summary>
    public const string Delta = "application/vnd.caisson.delta.v1";

    /// <summary>On a delta's manifest: the manifest digest of the generation it starts from.</summary>
    public const string BaseAnnotation = "org.caisson.delta.base";

    /// <summary>On a delta's manifest: <c>Fast</c> or <c>Small</c>, what work it cost; a small one takes a fast one's place.</summary>
    public const string EffortAnnotation = "org.caisson.delta.effort";

    /// <summary>On a delta's manifest: how many chunks it holds that the generation it starts from has not.</summary>
    public const string NewChunksAnnotation = "org.caisson.delta.new-chunks";

    /// <summary>Artifact type of a boot profile's manifest and media type of its only layer; its subject is the generation.</summary>
    public const string BootProfile = "application/vnd.caisson.boot-profile.v1";

    /// <summary>Artifact types of what refers to a generation and goes wherever it goes.</summary>
    public static IReadOnlyList<string> TravelsAlong { get; } = [Delta, BootProfile];

    /// <summary>On a boot profile's manifest: how many boots of its own subject are in it; 0 when it was learned from an earlier generation.</summary>
    public const string BootsAnnotation = "org.caisson.boot-profile.boots";

    /// <summary>On an entry of the store's index.json that is a delta or a boot profile: the manifest digest of the generation it belongs to.</summary>
    public const string SubjectAnnotation = "org.caisson.subject";

    /// <summary>On an entry of the store's index.json: <c>NAME@GEN</c> (the OCI reference name).</summary>
    public const string RefNameAnnotation = "org.opencontainers.image.ref.name";
}
