using System.Net.Sockets;

namespace Caisson.Nbd;

/// <summary>What has arrived on one connection and is not consumed yet. Used by the connection's thread only.</summary>
internal sealed class ConnectionInput(Socket socket)
{
    private readonly byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;

    /// <summary>The next bytes if they are here already; they stay valid until the next call.</summary>
    internal bool TryTake(int count, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (_end - _start < count)
        {
            return false;
        }

        bytes = _buffer.AsSpan(_start, count);
        _start += count;
        return true;
    }

    /// <summary>The next bytes, waited for. At most the buffer's 64 KiB.</summary>
    /// <exception cref="EndOfStreamException">The client is gone.</exception>
    internal ReadOnlySpan<byte> Take(int count)
    {
        ReadOnlySpan<byte> bytes;
        while (!TryTake(count, out bytes))
        {
            if (!TryReceive())
            {
                throw new EndOfStreamException();
            }
        }

        return bytes;
    }

    /// <summary>Fills all of <paramref name="target"/>, past the buffer where that saves a copy.</summary>
    /// <exception cref="EndOfStreamException">The client is gone.</exception>
    internal void ReadExactly(Span<byte> target)
    {
        var here = Math.Min(target.Length, _end - _start);
        _buffer.AsSpan(_start, here).CopyTo(target);
        _start += here;
        target = target[here..];
        while (!target.IsEmpty)
        {
            var received = socket.Receive(target);
            if (received == 0)
            {
                throw new EndOfStreamException();
            }

            target = target[received..];
        }
    }

    /// <summary>Throws away the next bytes, waiting for them.</summary>
    internal void Skip(long count)
    {
        while (count > 0)
        {
            var part = (int)Math.Min(count, _buffer.Length);
            Take(part);
            count -= part;
        }
    }

    /// <summary>Waits for more. False: the client has closed its end.</summary>
    internal bool TryReceive()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        var received = socket.Receive(_buffer.AsSpan(_end));
        _end += received;
        return received > 0;
    }
}
