namespace Caisson.Chunks;

/// <summary>Why bytes could not be had. Missing is looked for elsewhere; invalid is fetched again.</summary>
public enum ChunkError
{
    Missing,
    Invalid,
}

/// <summary>A chunk, frame, index or delta is not there, or is there and wrong. The message is a sentence for people.</summary>
public sealed class ChunkException(ChunkError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public ChunkError Error { get; } = error;
}
