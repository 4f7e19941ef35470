using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Caisson.Nbd;

/// <summary>The fixed head of every request, section "Request message".</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Request(CommandFlags Flags, Command Command, ulong Cookie, ulong Offset, uint Length)
{
    /// <summary>False: the stream is out of step, and nothing after this can be believed.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> header, out Request request)
    {
        request = new Request(
            (CommandFlags)BinaryPrimitives.ReadUInt16BigEndian(header[4..]),
            (Command)BinaryPrimitives.ReadUInt16BigEndian(header[6..]),
            BinaryPrimitives.ReadUInt64BigEndian(header[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(header[16..]),
            BinaryPrimitives.ReadUInt32BigEndian(header[24..]));
        return BinaryPrimitives.ReadUInt32BigEndian(header) == Wire.RequestMagic;
    }

    /// <summary>May this request reach the device? Pure: the one place where a client's numbers are judged.</summary>
    /// <returns><see cref="NbdError.None"/>, or the error the specification names for this case ("Error values").</returns>
    internal NbdError Admit(long sizeBytes, bool isReadOnly, Negotiated negotiated)
    {
        if ((Flags & ~AllowedFlags(negotiated)) != CommandFlags.None)
        {
            return NbdError.Invalid;
        }

        // Subtracting from the size cannot wrap; adding offset and length could.
        var size = (ulong)sizeBytes;
        var isInside = Offset <= size && Length <= size - Offset;
        return Command switch
        {
            // "a server is permitted to reject large read requests up front with NBD_EOVERFLOW"
            Command.Read when Length > Wire.MaxPayload => NbdError.Overflow,
            Command.Read => isInside ? NbdError.None : NbdError.Invalid,
            Command.Write or Command.WriteZeroes or Command.Trim when isReadOnly => NbdError.NotPermitted,
            Command.Write or Command.WriteZeroes => isInside ? NbdError.None : NbdError.NoSpace,
            Command.Trim => isInside ? NbdError.None : NbdError.Invalid,
            Command.BlockStatus => negotiated.AllocationContext && isInside && Length > 0 ? NbdError.None : NbdError.Invalid,
            Command.Flush or Command.Disconnect => NbdError.None,
            _ => NbdError.Invalid,
        };
    }

    private CommandFlags AllowedFlags(Negotiated negotiated) => Command switch
    {
        // "existing clients are known to set FUA on other commands": accepted everywhere, as the section "Command flags" asks.
        Command.Read when negotiated.StructuredReplies => CommandFlags.ForceUnitAccess | CommandFlags.DontFragment,
        Command.WriteZeroes => CommandFlags.ForceUnitAccess | CommandFlags.NoHole,
        Command.BlockStatus => CommandFlags.ForceUnitAccess | CommandFlags.RequestOne,
        _ => CommandFlags.ForceUnitAccess,
    };
}

/// <summary>What the handshake settled for the rest of one connection.</summary>
internal readonly record struct Negotiated(bool StructuredReplies, bool AllocationContext);
