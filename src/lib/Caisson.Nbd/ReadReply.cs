using System.Buffers;

namespace Caisson.Nbd;

/// <summary>
/// The answer to one read that does not fit the batch or must wait: a rented buffer with room for a head in front of the bytes.
/// </summary>
internal sealed class ReadReply
{
    /// <summary>The longest head, that of OFFSET_DATA.</summary>
    private const int HeadRoom = Wire.ChunkHeaderSize + Wire.ChunkOffsetSize;

    private readonly Request _request;
    private readonly IReadOnlyList<BlockExtent> _extents;
    private readonly Negotiated _negotiated;
    private readonly byte[] _rented;

    /// <param name="extents">Exactly covers the request; holes among them are sent as holes. Empty: all data.</param>
    internal ReadReply(in Request request, IReadOnlyList<BlockExtent> extents, Negotiated negotiated)
    {
        _request = request;
        _extents = extents;
        _negotiated = negotiated;
        _rented = ArrayPool<byte>.Shared.Rent(HeadRoom + (int)request.Length);
    }

    /// <summary>Where the device puts the bytes.</summary>
    internal Memory<byte> Data => _rented.AsMemory(HeadRoom, (int)_request.Length);

    /// <summary>What waiting for this reply counts against the connection's bound.</summary>
    /// <remarks>A minimum, so that a million reads of one byte are bounded too.</remarks>
    internal long Cost => _request.Length + 4096L;

    /// <summary>The bytes are in <see cref="Data"/>: sends them in the negotiated form.</summary>
    internal void Send(SendPort port)
    {
        if (!_negotiated.StructuredReplies)
        {
            SendFrom(port, HeadRoom, (int)_request.Length, Replies.Simple(_rented.AsSpan(HeadRoom - Wire.SimpleReplySize), _request.Cookie, NbdError.None));
            return;
        }

        // Chunks go out in order, so the bytes before each run of data are free to hold its head: they are the head room,
        // a hole (holes here are never shorter than a head), or were sent a moment ago.
        var runs = _extents.Count > 0 ? _extents : [new BlockExtent(_request.Length, IsHole: false)];
        var done = 0;
        Span<byte> hole = stackalloc byte[Wire.HoleChunkSize];
        for (var i = 0; i < runs.Count; i++)
        {
            var length = (int)runs[i].Length;
            var offset = _request.Offset + (ulong)done;
            var isLast = i == runs.Count - 1;
            if (runs[i].IsHole)
            {
                port.Send(hole[..Replies.OffsetHole(hole, _request.Cookie, isLast, offset, (uint)length)]);
            }
            else
            {
                var head = Replies.OffsetData(_rented.AsSpan(done), _request.Cookie, isLast, offset, length);
                SendFrom(port, HeadRoom + done, length, head);
            }

            done += length;
        }
    }

    internal void SendError(SendPort port, NbdError error)
    {
        Span<byte> reply = stackalloc byte[64];
        port.Send(reply[..Replies.Status(reply, _request, error, _negotiated)]);
    }

    /// <summary>Gives the buffer back; only when nobody can write into it any more.</summary>
    internal void Return() => ArrayPool<byte>.Shared.Return(_rented);

    private void SendFrom(SendPort port, int dataStart, int length, int head) => port.Send(_rented.AsSpan(dataStart - head, head + length));
}
