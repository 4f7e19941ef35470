using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Images;

/// <summary>What is known of how an image file was last left, and how far its scrub has come; <c>image.care</c>.</summary>
internal sealed record ImageCare
{
    /// <summary>The kernel's boot id when the file was last opened.</summary>
    public required string Boot { get; init; }

    /// <summary>Everything its map says was compared in this boot, or needed no comparing.</summary>
    public required bool IsTrusted { get; init; }

    /// <summary>It was put away in good order, everything durable.</summary>
    public bool IsPutAway { get; init; }

    /// <summary>Number of the extent the scrub reads next.</summary>
    public int ScrubExtent { get; init; }

    /// <summary>When the pass under way began; null before the first.</summary>
    public DateTimeOffset? PassBegan { get; init; }

    /// <summary>When the last whole pass ended.</summary>
    public DateTimeOffset? LastPass { get; init; }

    /// <summary>
    /// Whether what the map says may be believed without comparing. A process that died leaves what it wrote with the kernel, so within one boot
    /// only comparing left undone matters; after another boot, only a file that was put away in good order is as it was left.
    /// </summary>
    public static bool MayTrust(ImageCare? left, string boot) =>
        left is not null && left.IsTrusted && (left.Boot == boot || left.IsPutAway);

    /// <summary>Null: there is none, or it cannot be read, which counts as the worst.</summary>
    public static ImageCare? TryLoad(string file)
    {
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), ImageCareJson.Default.ImageCare) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Written before anything else is: from here on, a power cut leaves a file that was not put away.</summary>
    /// <param name="left">What is there now.</param>
    public void Begin(string file, ImageCare? left)
    {
        if (this == left)
        {
            return;
        }

        try
        {
            Save(file);
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            // A full disk can still forget, and nothing known is the worst known.
            File.Delete(file);
            Posix.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        }
    }

    public void Save(string file) => WholeFile.Write(file, JsonSerializer.SerializeToUtf8Bytes(this, ImageCareJson.Default.ImageCare));
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ImageCare))]
internal sealed partial class ImageCareJson : JsonSerializerContext;
