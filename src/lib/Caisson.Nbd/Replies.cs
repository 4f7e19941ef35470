using System.Buffers.Binary;

namespace Caisson.Nbd;

/// <summary>Writes the heads of replies; each method returns the bytes written.</summary>
internal static class Replies
{
    /// <summary>Section "Simple reply message".</summary>
    internal static int Simple(Span<byte> target, ulong cookie, NbdError error)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, Wire.SimpleReplyMagic);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], (uint)error);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], cookie);
        return Wire.SimpleReplySize;
    }

    /// <summary>Section "Structured reply chunk message".</summary>
    internal static int Chunk(Span<byte> target, ulong cookie, ChunkKind kind, bool isLast, uint payload)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, Wire.StructuredReplyMagic);
        BinaryPrimitives.WriteUInt16BigEndian(target[4..], isLast ? Wire.ChunkDone : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(target[6..], (ushort)kind);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], cookie);
        BinaryPrimitives.WriteUInt32BigEndian(target[16..], payload);
        return Wire.ChunkHeaderSize;
    }

    /// <summary>The head of NBD_REPLY_TYPE_OFFSET_DATA; <paramref name="length"/> bytes follow it.</summary>
    internal static int OffsetData(Span<byte> target, ulong cookie, bool isLast, ulong offset, int length)
    {
        var head = Chunk(target, cookie, ChunkKind.OffsetData, isLast, (uint)(length + Wire.ChunkOffsetSize));
        BinaryPrimitives.WriteUInt64BigEndian(target[head..], offset);
        return head + Wire.ChunkOffsetSize;
    }

    /// <summary>All of NBD_REPLY_TYPE_OFFSET_HOLE.</summary>
    internal static int OffsetHole(Span<byte> target, ulong cookie, bool isLast, ulong offset, uint length)
    {
        var head = Chunk(target, cookie, ChunkKind.OffsetHole, isLast, 12);
        BinaryPrimitives.WriteUInt64BigEndian(target[head..], offset);
        BinaryPrimitives.WriteUInt32BigEndian(target[(head + 8)..], length);
        return Wire.HoleChunkSize;
    }

    /// <summary>All of NBD_REPLY_TYPE_ERROR, without a text.</summary>
    internal static int ErrorChunk(Span<byte> target, ulong cookie, NbdError error)
    {
        var head = Chunk(target, cookie, ChunkKind.Error, isLast: true, 6);
        BinaryPrimitives.WriteUInt32BigEndian(target[head..], (uint)error);
        BinaryPrimitives.WriteUInt16BigEndian(target[(head + 4)..], 0);
        return head + 6;
    }

    /// <summary>The end of a request that returns no data, in the form that was negotiated.</summary>
    internal static int Status(Span<byte> target, in Request request, NbdError error, Negotiated negotiated) =>
        (negotiated.StructuredReplies, error) switch
        {
            (false, _) => Simple(target, request.Cookie, error),
            (true, NbdError.None) => Chunk(target, request.Cookie, ChunkKind.None, isLast: true, 0),
            (true, _) => ErrorChunk(target, request.Cookie, error),
        };
}
