using System.Buffers;
using System.Buffers.Binary;

namespace Caisson.Nbd;

/// <summary>
/// The transmission phase of one connection, on its own thread:
/// take every request that has arrived, answer what the device can answer now into one batch, hand the reads that must wait to
/// <see cref="PendingReads"/>, send the batch, wait for more.
/// Writes, flushes and the like run on this thread too, one after another: a flush then covers every write answered before it
/// (section "Ordering of messages and writes").
/// </summary>
internal sealed class Transmission(
    ConnectionInput input, SendPort port, IBlockDevice device, Negotiated negotiated, PendingReads pending, Action<Exception> onDeviceFailure)
{
    /// <summary>Shorter reads are not worth asking the device for holes.</summary>
    private const int LookForHolesFrom = 64 << 10;

    /// <summary>Holes shorter than this are sent as data: a chunk of their own would cost more.</summary>
    private const int ShortestHole = 4096;

    /// <summary>Device runs in one block status reply; the client asks again from where they end.</summary>
    private const int MaxExtents = 4096;

    private const int WritePiece = 256 << 10;

    private readonly ReplyBatch _batch = new(port);

    /// <summary>Returns when the client says goodbye, leaves, or breaks the protocol.</summary>
    internal void Run()
    {
        while (true)
        {
            while (input.TryTake(Wire.RequestSize, out var header))
            {
                if (!Request.TryParse(header, out var request) || !Serve(request))
                {
                    _batch.Flush();
                    return;
                }
            }

            _batch.Flush();
            if (!input.TryReceive())
            {
                return;
            }
        }
    }

    /// <summary>False: the connection ends here.</summary>
    private bool Serve(in Request request)
    {
        var refusal = request.Admit(device.SizeBytes, device.IsReadOnly, negotiated);
        switch (request.Command)
        {
            case Command.Disconnect:
                return false;
            case Command.Write:
                return Write(request, refusal);
            case var _ when refusal != NbdError.None:
                Finish(request, refusal);
                return true;
            case Command.Read:
                return Read(request);
            case Command.BlockStatus:
                BlockStatus(request);
                return true;
            default:
                Finish(request, Change(request));
                return true;
        }
    }

    private bool Read(in Request request)
    {
        if (request.Length == 0)
        {
            Finish(request, NbdError.None);
            return true;
        }

        try
        {
            var extents = FindHoles(request);
            if (extents is [{ IsHole: true }])
            {
                _batch.Commit(Replies.OffsetHole(_batch.Reserve(Wire.HoleChunkSize), request.Cookie, isLast: true, request.Offset, request.Length));
                return true;
            }

            return (extents.Count == 0 && request.Length <= ReplyBatch.MaxInlineRead && TryReadInline(request)) || ReadLong(request, extents);
        }
        catch (Exception e) when (IsDeviceFailure(e))
        {
            Finish(request, Report(e));
            return true;
        }
    }

    /// <summary>Straight into the batch; the head is written once the bytes are known to be good.</summary>
    private bool TryReadInline(in Request request)
    {
        var length = (int)request.Length;
        var headSize = negotiated.StructuredReplies ? Wire.ChunkHeaderSize + Wire.ChunkOffsetSize : Wire.SimpleReplySize;
        var target = _batch.Reserve(headSize + length);
        if (!device.TryRead((long)request.Offset, target[headSize..]))
        {
            return false;
        }

        _ = negotiated.StructuredReplies
            ? Replies.OffsetData(target, request.Cookie, isLast: true, request.Offset, length)
            : Replies.Simple(target, request.Cookie, NbdError.None);
        _batch.Commit(headSize + length);
        return true;
    }

    private bool ReadLong(in Request request, List<BlockExtent> extents)
    {
        var reply = new ReadReply(request, extents, negotiated);
        var isHere = false;
        try
        {
            // What TryReadInline has just refused is not asked again.
            isHere = (extents.Count > 0 || request.Length > ReplyBatch.MaxInlineRead) && device.TryRead((long)request.Offset, reply.Data.Span);
        }
        catch
        {
            reply.Return();
            throw;
        }

        _batch.Flush(); // Never hold finished answers back while sending much or waiting for room.
        if (!isHere)
        {
            return pending.Start((long)request.Offset, reply);
        }

        try
        {
            reply.Send(port);
        }
        finally
        {
            reply.Return();
        }

        return true;
    }

    /// <summary>Runs that cover the read, where at least one is a hole worth sending as such; else nothing.</summary>
    private List<BlockExtent> FindHoles(in Request request)
    {
        if (!negotiated.StructuredReplies || request.Length < LookForHolesFrom || request.Flags.HasFlag(CommandFlags.DontFragment))
        {
            return [];
        }

        var known = device.GetExtents((long)request.Offset, request.Length);
        var runs = Extents.Normalise([.. known.Select(e => e with { IsHole = e.IsHole && e.Length >= ShortestHole })], request.Length, MaxExtents);
        if (!runs.Exists(r => r.IsHole && r.Length >= ShortestHole))
        {
            return [];
        }

        var covered = runs.Sum(r => r.Length);
        return covered == request.Length ? runs : [.. runs, new BlockExtent(request.Length - covered, IsHole: false)];
    }

    /// <summary>Section "NBD_REPLY_TYPE_BLOCK_STATUS".</summary>
    private void BlockStatus(in Request request)
    {
        List<BlockExtent> runs;
        try
        {
            var max = request.Flags.HasFlag(CommandFlags.RequestOne) ? 1 : MaxExtents;
            runs = Extents.Normalise(device.GetExtents((long)request.Offset, request.Length), request.Length, max);
        }
        catch (Exception e) when (IsDeviceFailure(e))
        {
            Finish(request, Report(e));
            return;
        }

        var payload = 4 + (8 * runs.Count);
        var target = _batch.Reserve(Wire.ChunkHeaderSize + payload);
        _batch.Commit(target.Length);
        target = target[Replies.Chunk(target, request.Cookie, ChunkKind.BlockStatus, isLast: true, (uint)payload)..];
        BinaryPrimitives.WriteUInt32BigEndian(target, Wire.AllocationContextId);
        foreach (var run in runs)
        {
            target = target[4..];
            BinaryPrimitives.WriteUInt32BigEndian(target, (uint)run.Length);
            target = target[4..];
            BinaryPrimitives.WriteUInt32BigEndian(target, run.IsHole ? Wire.StateHoleAndZero : 0);
        }
    }

    /// <summary>Takes the payload in pieces, so that a client's memory here is one piece however much it announces.</summary>
    private bool Write(in Request request, NbdError refusal)
    {
        if (request.Length > Wire.MaxPayload)
        {
            return false; // Section "Size constraints": no client may send this much, and skipping 4 GiB serves nobody.
        }

        _batch.Flush();
        var piece = ArrayPool<byte>.Shared.Rent(WritePiece);
        try
        {
            for (var done = 0L; done < request.Length;)
            {
                var part = piece.AsMemory(0, (int)Math.Min(WritePiece, request.Length - done));
                input.ReadExactly(part.Span);
                if (refusal == NbdError.None)
                {
                    var offset = (long)request.Offset + done;
                    refusal = Try(() => device.WriteAsync(offset, part, pending.Closed));
                }

                done += part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        Finish(request, refusal == NbdError.None ? PersistIfAsked(request) : refusal);
        return true;
    }

    /// <summary>Everything that changes the device and has no payload.</summary>
    private NbdError Change(in Request request)
    {
        var (offset, length, keepAllocated) = ((long)request.Offset, request.Length, request.Flags.HasFlag(CommandFlags.NoHole));
        var error = request.Command switch
        {
            Command.Flush => device.IsReadOnly ? NbdError.None : Try(() => device.FlushAsync(pending.Closed)),
            Command.Trim => Try(() => device.TrimAsync(offset, length, pending.Closed)),
            Command.WriteZeroes => Try(() => device.ZeroAsync(offset, length, keepAllocated, pending.Closed)),
            _ => NbdError.Invalid,
        };
        return error == NbdError.None && request.Command != Command.Flush ? PersistIfAsked(request) : error;
    }

    private NbdError PersistIfAsked(in Request request) =>
        request.Flags.HasFlag(CommandFlags.ForceUnitAccess) ? Try(() => device.FlushAsync(pending.Closed)) : NbdError.None;

    /// <summary>This thread belongs to the connection, so waiting here holds up nobody else.</summary>
    private NbdError Try(Func<ValueTask> work)
    {
        try
        {
            work().AsTask().GetAwaiter().GetResult();
            return NbdError.None;
        }
        catch (Exception e)
        {
            return Report(e);
        }
    }

    private void Finish(in Request request, NbdError error) => _batch.Commit(Replies.Status(_batch.Reserve(64), request, error, negotiated));

    private NbdError Report(Exception failure)
    {
        if (!pending.Closed.IsCancellationRequested)
        {
            onDeviceFailure(failure); // Else it is only the connection's end that reached the device.
        }

        return DeviceFailure.ToError(failure);
    }

    private static bool IsDeviceFailure(Exception e) => e is not System.Net.Sockets.SocketException and not ObjectDisposedException;
}
