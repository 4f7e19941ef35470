namespace Caisson.Images;

/// <summary>Why a source gave nothing.</summary>
public enum BlobSourceError
{
    /// <summary>No answer, a broken answer or a server's error: try again later.</summary>
    Away,

    /// <summary>The source answers that it has no such blob.</summary>
    Missing,

    /// <summary>The source gives nothing to this asker: a credential is missing or does not reach so far.</summary>
    Refused,

    /// <summary>It gave bytes that are not those the digest stands for.</summary>
    Invalid,
}

/// <summary>A source did not give the bytes. The message is a sentence for people and names the source.</summary>
public sealed class BlobSourceException(BlobSourceError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public BlobSourceError Error { get; } = error;

    /// <summary>How long the source asks to be left alone (Retry-After); null if it said nothing of it.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
