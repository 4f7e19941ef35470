namespace Caisson.Images;

/// <summary>A disk image from outside → a raw file that may be read. Raw is read as it lies; other formats are converted in a jail.</summary>
internal static class ForeignImage
{
    /// <returns>The raw file: <paramref name="file"/> itself, or one in <paramref name="folder"/>.</returns>
    /// <exception cref="ImageStoreException">Bad input.</exception>
    public static async Task<string> ToRawAsync(string file, ImageFormat? format, string folder, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"There is no file {file}.");
        }

        ImageFormat known;
        long size;
        using (var handle = File.OpenHandle(file))
        {
            known = format ?? Detect(handle, file);
            size = CheckWhole(handle, file, known);
        }

        if (known == ImageFormat.Raw)
        {
            return file;
        }

        var raw = Path.Combine(folder, "foreign.raw");
        using (var target = File.OpenHandle(raw, FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(target, size);
        }

        progress?.Report(new ImageProgress("Converting", 0, size, 0, null));
        await ConversionJail.ConvertAsync(file, known, raw, size, cancellationToken).ConfigureAwait(false);
        return raw;
    }

    private static ImageFormat Detect(Microsoft.Win32.SafeHandles.SafeFileHandle handle, string file)
    {
        var head = new byte[Math.Min(64 * 1024, RandomAccess.GetLength(handle))];
        RawFile.Read(handle, 0, head);
        if (head.Length == 0)
        {
            throw ForeignHeader.Refuse(file, "is empty");
        }

        return ForeignHeader.Detect(head)
            ?? throw ForeignHeader.Refuse(file, "has no header of a format Caisson knows and no boot sector or file system. If it is a raw disk all the same, say --format raw");
    }

    private static long CheckWhole(Microsoft.Win32.SafeHandles.SafeFileHandle handle, string file, ImageFormat format)
    {
        if (RandomAccess.GetLength(handle) == 0)
        {
            throw ForeignHeader.Refuse(file, "is empty");
        }

        try
        {
            return ForeignHeader.Check(handle, file, format);
        }
        catch (EndOfStreamException)
        {
            throw ForeignHeader.Refuse(file, "is cut short");
        }
    }
}
