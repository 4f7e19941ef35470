using System.Text;
using System.Text.Json;
using Caisson.Chunks;
using Caisson.Images;

namespace Caisson.Fuzz;

/// <summary>The documents of a store and the map beside an image file.</summary>
internal static class ImageParsers
{
    private const string SomeDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private static readonly ImageIndex Index = ChunkParsers.SampleIndex();
    private static readonly ChunkId ManifestId = ChunkId.Of("manifest"u8);

    public static Parser Presence { get; } = new("presence", ParsePresence, () => [MakeMap([])[..^ChunkId.Size], MakeMap([0, 3])[..^ChunkId.Size]]);

    public static Parser Manifest { get; } = new("manifest", ParseManifest, () => [SampleManifest()]);

    public static Parser Config { get; } = new("config", ParseConfig, () => [SampleConfig()]);

    public static Parser OciIndex { get; } = new("oci-index", ParseOciIndex, () => [SampleOciIndex()]);

    private static bool ParsePresence(byte[] body)
    {
        var map = new PresenceMap(Index);
        var isTaken = map.TryLoad([.. body, .. ChunkId.Of(body).ToByteArray()], ManifestId);
        var present = Enumerable.Range(0, Index.Extents.Length).Where(map.HasExtent).ToList();
        Parsers.Require(isTaken || present.Count == 0, "A map that was refused left something marked.");
        Parsers.Require(map.PresentBytes == present.Sum(extent => (long)Index.ExtentBytes(extent)), "The present bytes do not add up.");
        Parsers.Require(present.TrueForAll(extent => map.IsPresent(Index.Extents[extent].Offset, Index.ExtentBytes(extent))), "An extent that is here is not shown.");

        var claimed = new PresenceMap(Index);
        Parsers.Require(claimed.TryLoad([.. body, .. ChunkId.Of(body).ToByteArray()], ManifestId, isTrusted: false) == isTaken, "What is trusted and what is claimed are read differently.");
        Parsers.Require(claimed.PresentBytes == 0 && claimed.ClaimedBytes == map.PresentBytes, "The claims do not add up.");
        return isTaken;
    }

    private static bool ParseManifest(byte[] bytes)
    {
        try
        {
            var manifest = OciManifest.Parse(bytes);
            Parsers.Require(manifest.Layers.All(layer => layer.Size >= 0 && ChunkId.TryParseDigest(layer.Digest, out _)), "A layer has no digest or a negative size.");
            _ = OciManifest.Parse(manifest.ToBytes());
            _ = manifest.IndexLayer();
            return true;
        }
        catch (ChunkException)
        {
            return false;
        }
    }

    private static bool ParseConfig(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, OciJson.Default.GenerationConfig) is { Name: not null };
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool ParseOciIndex(byte[] bytes)
    {
        try
        {
            Parsers.Require(Images.OciIndex.Parse(bytes).Manifests.All(entry => entry.Size >= 0), "An entry has a negative size.");
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static byte[] MakeMap(int[] extents)
    {
        var map = new PresenceMap(Index);
        Array.ForEach(extents, map.Mark);
        return map.Encode(ManifestId);
    }

    private static byte[] ToByteArray(this ChunkId id)
    {
        var bytes = new byte[ChunkId.Size];
        id.WriteTo(bytes);
        return bytes;
    }

    private static byte[] SampleManifest()
    {
        var descriptor = new OciDescriptor { MediaType = MediaTypes.Index, Digest = SomeDigest, Size = 1234, Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { ["a"] = "b" } };
        return new OciManifest { ArtifactType = MediaTypes.Generation, Config = descriptor with { MediaType = "application/json" }, Layers = [descriptor, descriptor with { MediaType = MediaTypes.Pack }], Subject = descriptor }.ToBytes();
    }

    private static byte[] SampleConfig() => JsonSerializer.SerializeToUtf8Bytes(
        new GenerationConfig { Name = "work", Number = 3, ImageBytes = 1 << 20, StoredBytes = 5000, ChunkCount = 4, Created = DateTimeOffset.UnixEpoch }, OciJson.Default.GenerationConfig);

    private static byte[] SampleOciIndex() =>
        Encoding.UTF8.GetBytes($$$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"a/b","digest":"{{{SomeDigest}}}","size":7,"artifactType":"c/d","annotations":{"e":"f"}}]}""");
}
