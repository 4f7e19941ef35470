namespace Caisson.Images;

/// <summary>
/// What an entry of <c>index.json</c> says beside a digest: its name, and of a delta or boot profile what is asked for again and again, so that nobody
/// needs to open the manifests of a whole store. An entry of an older version, or made anew by 'repair', says nothing of it; then the manifest is asked.
/// </summary>
internal static class IndexEntry
{
    /// <summary>What is taken over is short; whatever is not is left to the manifest.</summary>
    private const int LongestValue = 128;

    private static readonly string[] TakenOver = [MediaTypes.BaseAnnotation, MediaTypes.EffortAnnotation, MediaTypes.NewChunksAnnotation, MediaTypes.BootsAnnotation];

    public static Dictionary<string, string>? Annotations(OciManifest manifest, string name, string? tag)
    {
        var annotations = ImageStore.RefAnnotations(name, tag) ?? new Dictionary<string, string>(StringComparer.Ordinal);
        if (manifest.Subject is { } subject && MediaTypes.TravelsAlong.Contains(manifest.ArtifactType) && (manifest.Annotations ?? Empty).All(pair => TakenOver.Contains(pair.Key) && pair.Value is { Length: <= LongestValue }))
        {
            annotations[MediaTypes.SubjectAnnotation] = subject.Digest;
            foreach (var (key, value) in manifest.Annotations ?? Empty)
            {
                annotations[key] = value;
            }
        }

        return annotations.Count == 0 ? null : annotations;
    }

    /// <summary>Digest of what an entry's manifest refers to, and the manifest's own annotations. Null: the entry does not say.</summary>
    public static (string Subject, IReadOnlyDictionary<string, string>? Annotations)? TryRead(OciDescriptor entry)
    {
        if (entry.Annotations?.GetValueOrDefault(MediaTypes.SubjectAnnotation) is not { } subject)
        {
            return null;
        }

        var own = entry.Annotations.Where(pair => TakenOver.Contains(pair.Key)).ToDictionary(StringComparer.Ordinal);
        return (subject, own.Count == 0 ? null : own);
    }

    private static Dictionary<string, string> Empty { get; } = [];
}
