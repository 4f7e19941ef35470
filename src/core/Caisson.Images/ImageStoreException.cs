namespace Caisson.Images;

/// <summary>Whose fault a refusal is; the command line's exit codes follow it.</summary>
public enum ImageStoreError
{
    /// <summary>The input or the name given cannot be used.</summary>
    BadInput,

    /// <summary>Bytes of the store are not what they were.</summary>
    Damaged,

    /// <summary>The disk is full.</summary>
    NoSpace,
}

/// <summary>A store operation was refused or failed. The message is a sentence: what happened, why, what to do.</summary>
public sealed class ImageStoreException(ImageStoreError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public ImageStoreError Error { get; } = error;
}
