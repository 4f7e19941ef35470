namespace Caisson.Images;

/// <summary>A disk image from outside → a raw file that may be read. Raw is read as it lies; other formats are converted in a jail.</summary>
internal sealed class ForeignImage
{
    private readonly string _file;
    private readonly long _imageBytes;

    private ForeignImage(string file, ImageFormat format, long imageBytes, string identity)
    {
        _file = file;
        Format = format;
        _imageBytes = imageBytes;
        Identity = identity;
        Written = new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero);
    }

    public ImageFormat Format { get; }

    /// <summary>Changes with the file (<see cref="Posix.Identity"/>).</summary>
    public string Identity { get; }

    /// <summary>When the file was last written.</summary>
    public DateTimeOffset Written { get; }

    /// <exception cref="ImageStoreException">Bad input.</exception>
    public static ForeignImage Open(string file, ImageFormat? format, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"There is no file {file}.");
        }

        using var handle = File.OpenHandle(file);
        var known = format ?? Detect(handle, file);
        return new ForeignImage(file, known, CheckWhole(handle, file, known, cancellationToken), Posix.Identity(handle));
    }

    /// <summary>The raw file: the image itself, or what <see cref="ToRawAsync"/> has made in a folder.</summary>
    public string RawIn(string folder) => Format == ImageFormat.Raw ? _file : Path.Combine(folder, "foreign.raw");

    /// <summary>Converts what is not raw, into a durable file.</summary>
    /// <exception cref="ImageStoreException">Bad input.</exception>
    public async Task ToRawAsync(string folder, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        if (Format == ImageFormat.Raw)
        {
            return;
        }

        var raw = RawIn(folder);
        using var target = File.OpenHandle(raw, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.SetLength(target, _imageBytes);
        progress?.Report(new ImageProgress("Converting", 0, _imageBytes, 0, null));
        await ConversionJail.ConvertAsync(_file, Format, raw, _imageBytes, cancellationToken).ConfigureAwait(false);
        RandomAccess.FlushToDisk(target);
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

    private static long CheckWhole(Microsoft.Win32.SafeHandles.SafeFileHandle handle, string file, ImageFormat format, CancellationToken cancellationToken)
    {
        if (RandomAccess.GetLength(handle) == 0)
        {
            throw ForeignHeader.Refuse(file, "is empty");
        }

        try
        {
            return ForeignHeader.Check(handle, file, format, cancellationToken);
        }
        catch (EndOfStreamException)
        {
            throw ForeignHeader.Refuse(file, "is cut short");
        }
    }
}
