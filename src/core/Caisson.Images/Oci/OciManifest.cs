using System.Text.Json;
using System.Text.Json.Serialization;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>A blob or manifest by digest (OCI image-spec 1.1, descriptor.md).</summary>
public sealed record OciDescriptor
{
    public required string MediaType { get; init; }

    public required string Digest { get; init; }

    public required long Size { get; init; }

    public string? ArtifactType { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>True: what was read has a digest and a size that can be.</summary>
    internal static bool IsValid(OciDescriptor? read) => read is { Size: >= 0 and <= Limits.MaxImageBytes } && ChunkId.TryParseDigest(read.Digest, out _);
}

/// <summary>An image manifest (OCI image-spec 1.1, manifest.md). The digest of its exact bytes is the root of everything it names.</summary>
public sealed record OciManifest
{
    public int SchemaVersion { get; init; } = 2;

    public string MediaType { get; init; } = MediaTypes.OciManifest;

    public string? ArtifactType { get; init; }

    public required OciDescriptor Config { get; init; }

    public required IReadOnlyList<OciDescriptor> Layers { get; init; }

    public OciDescriptor? Subject { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>The layer that is the generation's index.</summary>
    /// <exception cref="ChunkException">Invalid: this manifest is not of a generation.</exception>
    public OciDescriptor IndexLayer() => ArtifactType == MediaTypes.Generation && Layers.Count > 0 && Layers[0].MediaType == MediaTypes.Index
        ? Layers[0]
        : throw new ChunkException(ChunkError.Invalid, "The manifest is not that of a generation: it has no index.");

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, OciJson.Default.OciManifest);

    /// <summary>Reads a manifest whose bytes must hash to <paramref name="digest"/>.</summary>
    /// <exception cref="ChunkException">Invalid: other bytes, not a manifest, or digests and sizes out of range.</exception>
    public static OciManifest Parse(ReadOnlySpan<byte> bytes, string digest)
    {
        if (ChunkId.Of(bytes) != ChunkId.ParseDigest(digest))
        {
            throw new ChunkException(ChunkError.Invalid, $"The manifest {digest} is damaged: its bytes have another hash.");
        }

        return Parse(bytes);
    }

    /// <summary>Reads a manifest nobody has named by digest yet (a tag's answer, a push).</summary>
    /// <exception cref="ChunkException">Invalid: not a manifest, or digests and sizes out of range.</exception>
    public static OciManifest Parse(ReadOnlySpan<byte> bytes)
    {
        OciManifest? manifest;
        try
        {
            manifest = bytes.Length > Limits.MaxManifestBytes ? null : JsonSerializer.Deserialize(bytes, OciJson.Default.OciManifest);
        }
        catch (JsonException e)
        {
            throw new ChunkException(ChunkError.Invalid, "The manifest is not an OCI image manifest.", e);
        }

        // "required" holds for the names, not against a null written in their place.
        if (manifest is not { SchemaVersion: 2, Layers: not null })
        {
            throw new ChunkException(ChunkError.Invalid, "The manifest is empty, too large or of an unknown schema version.");
        }

        var named = manifest.Layers.Prepend(manifest.Config);
        if (!(manifest.Subject is null ? named : named.Append(manifest.Subject)).All(OciDescriptor.IsValid))
        {
            throw new ChunkException(ChunkError.Invalid, "The manifest names a blob without a valid digest and size.");
        }

        return manifest;
    }
}

/// <summary>The top file of an OCI image layout, and the answer of the referrers API.</summary>
public sealed record OciIndex
{
    public int SchemaVersion { get; init; } = 2;

    public string MediaType { get; init; } = MediaTypes.OciIndex;

    public required IReadOnlyList<OciDescriptor> Manifests { get; init; }

    /// <summary>Reads an index from a disk or a registry.</summary>
    /// <exception cref="JsonException">It is not one, or names a manifest without a valid digest and size.</exception>
    public static OciIndex Parse(ReadOnlySpan<byte> bytes) =>
        JsonSerializer.Deserialize(bytes, OciJson.Default.OciIndex) is { Manifests: { } manifests } index && manifests.All(OciDescriptor.IsValid)
            ? index
            : throw new JsonException("It is not an OCI index.");
}

/// <summary>What a generation says of itself; the manifest's config blob.</summary>
public sealed record GenerationConfig
{
    public required string Name { get; init; }

    public required int Number { get; init; }

    /// <summary>Bytes of the whole disk, holes included.</summary>
    public required long ImageBytes { get; init; }

    /// <summary>Bytes of the index and of the frames the image needs.</summary>
    public required long StoredBytes { get; init; }

    public required int ChunkCount { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Bytes of the disk that lie in free space of its file systems: left of deleted files. Null: unknown, as in generations of older versions.</summary>
    public long? StaleBytes { get; init; }
}

/// <summary>How OCI documents and Caisson's config are written: camelCase, nothing for null.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OciManifest))]
[JsonSerializable(typeof(OciIndex))]
[JsonSerializable(typeof(GenerationConfig))]
public sealed partial class OciJson : JsonSerializerContext;
