namespace Caisson.Images;

/// <summary>A disk image from outside.</summary>
internal static class ForeignImage
{
    public static Task<string> ToRawAsync(string file, ImageFormat? format, string folder, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        _ = (format, folder, time, progress, cancellationToken);
        return Task.FromResult(file);
    }
}
