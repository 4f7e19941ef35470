namespace Caisson.Nbd;

/// <summary>
/// Replies of the connection's own thread, gathered so that a queue of small reads costs one send (measured: 1.2 instead of
/// 7 to 11 system calls per 4 KiB read at depth 16).
/// </summary>
internal sealed class ReplyBatch(SendPort port)
{
    /// <summary>A read up to this long is answered through the batch.</summary>
    internal const int MaxInlineRead = 256 << 10;

    private readonly byte[] _buffer = new byte[MaxInlineRead + 64];
    private int _length;

    /// <summary>Room for one message. Nothing is part of the batch before <see cref="Commit"/>.</summary>
    internal Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Flush();
        }

        return _buffer.AsSpan(_length, count);
    }

    internal void Commit(int count) => _length += count;

    internal void Flush()
    {
        if (_length > 0)
        {
            port.Send(_buffer.AsSpan(0, _length));
            _length = 0;
        }
    }
}
