using System.Buffers.Binary;
using System.Text;

namespace Caisson.Nbd;

/// <summary>
/// Fixed newstyle negotiation, server side (doc/proto.md, sections "Newstyle negotiation" and "Fixed newstyle negotiation"):
/// magic and flags, then options until one of them starts the transmission phase or ends the connection.
/// </summary>
internal sealed class Handshake(ConnectionInput input, SendPort port, string exportName, IBlockDevice device)
{
    /// <summary>No option we know needs more: an export name and a handful of queries.</summary>
    private const int MaxOptionData = 32 << 10;

    private bool _sendsZeroes;
    private bool _structuredReplies;
    private bool _allocationContext;

    /// <returns>What was settled; null when the client left or may not go on.</returns>
    internal Negotiated? Run()
    {
        Span<byte> greeting = stackalloc byte[18];
        BinaryPrimitives.WriteUInt64BigEndian(greeting, Wire.ServerMagic);
        BinaryPrimitives.WriteUInt64BigEndian(greeting[8..], Wire.OptionMagic);
        BinaryPrimitives.WriteUInt16BigEndian(greeting[16..], (ushort)(HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes));
        port.Send(greeting);

        var clientFlags = BinaryPrimitives.ReadUInt32BigEndian(input.Take(4));
        _sendsZeroes = (clientFlags & (uint)HandshakeFlags.NoZeroes) == 0;
        if ((clientFlags & ~(uint)(HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes)) != 0)
        {
            return null; // "the server MUST drop the connection if the client sets an unknown flag"
        }

        while (true)
        {
            var head = input.Take(16);
            if (BinaryPrimitives.ReadUInt64BigEndian(head) != Wire.OptionMagic)
            {
                return null;
            }

            var option = (OptionKind)BinaryPrimitives.ReadUInt32BigEndian(head[8..]);
            var length = BinaryPrimitives.ReadUInt32BigEndian(head[12..]);
            if (length > MaxOptionData)
            {
                input.Skip(length);
                Reply(option, OptionReply.ErrTooBig);
                continue;
            }

            switch (Answer(option, input.Take((int)length)))
            {
                case Next.Transmission: return new Negotiated(_structuredReplies, _structuredReplies && _allocationContext);
                case Next.Close: return null;
            }
        }
    }

    private enum Next
    {
        Option,
        Transmission,
        Close,
    }

    /// <summary>One option and its replies, section "Option types".</summary>
    private Next Answer(OptionKind option, ReadOnlySpan<byte> data)
    {
        switch (option)
        {
            case OptionKind.ExportName:
                return EnterByExportName(data);
            case OptionKind.Abort:
                Reply(option, OptionReply.Ack);
                return Next.Close;
            case OptionKind.List:
                return List(data);
            case OptionKind.Info or OptionKind.Go:
                return Describe(option, data);
            case OptionKind.StructuredReply:
                _structuredReplies |= data.IsEmpty;
                Reply(option, data.IsEmpty ? OptionReply.Ack : OptionReply.ErrInvalid);
                return Next.Option;
            case OptionKind.ListMetaContext or OptionKind.SetMetaContext:
                return MetaContext(option, data);
            default:
                Reply(option, OptionReply.ErrUnsupported);
                return Next.Option;
        }
    }

    /// <summary>Cannot answer an error, so a wrong name ends the connection.</summary>
    private Next EnterByExportName(ReadOnlySpan<byte> name)
    {
        if (!IsOurs(Encoding.UTF8.GetString(name)))
        {
            return Next.Close;
        }

        Span<byte> answer = stackalloc byte[8 + 2 + 124];
        answer.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(answer, (ulong)device.SizeBytes);
        BinaryPrimitives.WriteUInt16BigEndian(answer[8..], (ushort)Flags());
        port.Send(_sendsZeroes ? answer : answer[..10]);
        return Next.Transmission;
    }

    private Next List(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            Reply(OptionKind.List, OptionReply.ErrInvalid);
            return Next.Option;
        }

        var name = Encoding.UTF8.GetBytes(exportName);
        var payload = new byte[4 + name.Length];
        BinaryPrimitives.WriteInt32BigEndian(payload, name.Length);
        name.CopyTo(payload.AsSpan(4));
        Reply(OptionKind.List, OptionReply.Server, payload);
        Reply(OptionKind.List, OptionReply.Ack);
        return Next.Option;
    }

    private Next Describe(OptionKind option, ReadOnlySpan<byte> data)
    {
        if (!ExportChoice.TryParse(data, out var choice))
        {
            Reply(option, OptionReply.ErrInvalid);
            return Next.Option;
        }

        if (!IsOurs(choice.Name))
        {
            Reply(option, OptionReply.ErrUnknown);
            return Next.Option;
        }

        Span<byte> export = stackalloc byte[12];
        BinaryPrimitives.WriteUInt16BigEndian(export, (ushort)InfoKind.Export);
        BinaryPrimitives.WriteUInt64BigEndian(export[2..], (ulong)device.SizeBytes);
        BinaryPrimitives.WriteUInt16BigEndian(export[10..], (ushort)Flags());
        Reply(option, OptionReply.Info, export);

        // Sent unasked too: these are the defaults of "Size constraints", so nobody is bound by more than they knew.
        Span<byte> blockSize = stackalloc byte[14];
        BinaryPrimitives.WriteUInt16BigEndian(blockSize, (ushort)InfoKind.BlockSize);
        BinaryPrimitives.WriteUInt32BigEndian(blockSize[2..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(blockSize[6..], 4096);
        BinaryPrimitives.WriteUInt32BigEndian(blockSize[10..], Wire.MaxPayload);
        Reply(option, OptionReply.Info, blockSize);

        if (choice.WantsName)
        {
            Reply(option, OptionReply.Info, [0, (byte)InfoKind.Name, .. Encoding.UTF8.GetBytes(exportName)]);
        }

        Reply(option, OptionReply.Ack);
        return option == OptionKind.Go ? Next.Transmission : Next.Option;
    }

    private Next MetaContext(OptionKind option, ReadOnlySpan<byte> data)
    {
        var isListing = option == OptionKind.ListMetaContext;
        if (!isListing)
        {
            _allocationContext = false; // "replaces all previously-set metadata contexts (including when this command fails)"
        }

        if (!_structuredReplies || !MetaContextQuery.TryParse(data, out var query))
        {
            Reply(option, OptionReply.ErrInvalid);
            return Next.Option;
        }

        if (!IsOurs(query.Export))
        {
            Reply(option, OptionReply.ErrUnknown);
            return Next.Option;
        }

        if (query.SelectsAllocation(isListing))
        {
            _allocationContext |= !isListing;
            Span<byte> id = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(id, isListing ? 0 : Wire.AllocationContextId);
            Reply(option, OptionReply.MetaContext, [.. id, .. Encoding.UTF8.GetBytes(Wire.AllocationContext)]);
        }

        Reply(option, OptionReply.Ack);
        return Next.Option;
    }

    /// <summary>The empty name means the default export, and there is only one.</summary>
    private bool IsOurs(string name) => name.Length == 0 || string.Equals(name, exportName, StringComparison.Ordinal);

    /// <summary>Section "Transmission flags".</summary>
    private TransmissionFlags Flags()
    {
        var flags = TransmissionFlags.HasFlags | TransmissionFlags.SendFlush | TransmissionFlags.SendFua;
        flags |= device.IsReadOnly
            ? TransmissionFlags.ReadOnly | TransmissionFlags.CanMultiConn
            : TransmissionFlags.SendTrim | TransmissionFlags.SendWriteZeroes;
        return _structuredReplies ? flags | TransmissionFlags.SendDontFragment : flags;
    }

    private void Reply(OptionKind option, OptionReply kind, ReadOnlySpan<byte> payload = default)
    {
        var message = new byte[20 + payload.Length];
        BinaryPrimitives.WriteUInt64BigEndian(message, Wire.OptionReplyMagic);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), (uint)option);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(12), (uint)kind);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(16), payload.Length);
        payload.CopyTo(message.AsSpan(20));
        port.Send(message);
    }
}
