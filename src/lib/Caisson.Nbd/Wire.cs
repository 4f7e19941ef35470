namespace Caisson.Nbd;

/// <summary>
/// The numbers of the protocol, named after the specification: github.com/NetworkBlockDevice/nbd, doc/proto.md,
/// section "Values". Everything on the wire is big-endian ("Conventions").
/// </summary>
internal static class Wire
{
    /// <summary>"NBDMAGIC", the first thing a server says.</summary>
    internal const ulong ServerMagic = 0x4e42444d41474943;

    /// <summary>"IHAVEOPT", before the handshake flags and before every option.</summary>
    internal const ulong OptionMagic = 0x49484156454F5054;
    internal const ulong OptionReplyMagic = 0x3e889045565a9;
    internal const uint RequestMagic = 0x25609513;
    internal const uint SimpleReplyMagic = 0x67446698;
    internal const uint StructuredReplyMagic = 0x668e33ef;

    internal const int RequestSize = 28;
    internal const int SimpleReplySize = 16;
    internal const int ChunkHeaderSize = 20;

    /// <summary>The offset that precedes the bytes in an OFFSET_DATA chunk.</summary>
    internal const int ChunkOffsetSize = 8;
    internal const int HoleChunkSize = ChunkHeaderSize + 12;

    internal const ushort ChunkDone = 1;

    /// <summary>The one metadata context of the specification, section "base:allocation metadata context".</summary>
    internal const string AllocationContext = "base:allocation";
    internal const uint AllocationContextId = 1;

    /// <summary>NBD_STATE_HOLE | NBD_STATE_ZERO.</summary>
    internal const uint StateHoleAndZero = 3;

    /// <summary>Section "Size constraints": the payload every client may count on.</summary>
    internal const int MaxPayload = 32 << 20;

    /// <summary>Section "Conventions": no string is longer.</summary>
    internal const int MaxString = 4096;
}

[Flags]
internal enum HandshakeFlags : ushort
{
    FixedNewstyle = 1,
    NoZeroes = 2,
}

internal enum OptionKind : uint
{
    ExportName = 1,
    Abort = 2,
    List = 3,
    Info = 6,
    Go = 7,
    StructuredReply = 8,
    ListMetaContext = 9,
    SetMetaContext = 10,
}

internal enum OptionReply : uint
{
    Ack = 1,
    Server = 2,
    Info = 3,
    MetaContext = 4,
    ErrUnsupported = 0x8000_0001,
    ErrInvalid = 0x8000_0003,
    ErrUnknown = 0x8000_0006,
    ErrTooBig = 0x8000_0009,
}

internal enum InfoKind : ushort
{
    Export = 0,
    Name = 1,
    BlockSize = 3,
}

[Flags]
internal enum TransmissionFlags : ushort
{
    HasFlags = 1 << 0,
    ReadOnly = 1 << 1,
    SendFlush = 1 << 2,
    SendFua = 1 << 3,
    SendTrim = 1 << 5,
    SendWriteZeroes = 1 << 6,
    SendDontFragment = 1 << 7,
    CanMultiConn = 1 << 8,
}

internal enum Command : ushort
{
    Read = 0,
    Write = 1,
    Disconnect = 2,
    Flush = 3,
    Trim = 4,
    WriteZeroes = 6,
    BlockStatus = 7,
}

[Flags]
internal enum CommandFlags : ushort
{
    None = 0,
    ForceUnitAccess = 1 << 0,
    NoHole = 1 << 1,
    DontFragment = 1 << 2,
    RequestOne = 1 << 3,
}

internal enum ChunkKind : ushort
{
    None = 0,
    OffsetData = 1,
    OffsetHole = 2,
    BlockStatus = 5,
    Error = 0x8001,
}

/// <summary>Section "Error values". Zero is success.</summary>
internal enum NbdError : uint
{
    None = 0,
    NotPermitted = 1,
    InputOutput = 5,
    Invalid = 22,
    NoSpace = 28,
    Overflow = 75,
}
