using System.Buffers.Binary;

namespace Caisson.Launcher.Sway;

/// <summary>One message of sway's IPC (sway-ipc(7)): "i3-ipc", length, kind, JSON or a command. The highest bit of the kind marks an event.</summary>
internal readonly record struct SwayMessage(uint Kind, byte[] Body)
{
    public const uint RunCommand = 0;
    public const uint GetWorkspaces = 1;
    public const uint Subscribe = 2;
    public const uint GetTree = 4;
    public const uint WorkspaceEvent = 0x80000000;
    public const uint WindowEvent = 0x80000003;
    public const uint BindingEvent = 0x80000005;
    public const int HeaderBytes = 14;

    /// <summary>A tree of a few windows is some ten kilobytes.</summary>
    private const uint MostBytes = 4 << 20;

    private static ReadOnlySpan<byte> Magic => "i3-ipc"u8;

    public byte[] Encode()
    {
        var bytes = new byte[HeaderBytes + Body.Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(6), (uint)Body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(10), Kind);
        Body.CopyTo(bytes.AsSpan(HeaderBytes));
        return bytes;
    }

    /// <summary>Kind and length of the body that follows.</summary>
    /// <exception cref="SwayException">It is no header of sway's.</exception>
    public static (uint Kind, int Length) DecodeHeader(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[6..]);
        return header.StartsWith(Magic) && length <= MostBytes
            ? (BinaryPrimitives.ReadUInt32LittleEndian(header[10..]), (int)length)
            : throw new SwayException("The compositor's socket does not speak sway's IPC.");
    }
}

internal sealed class SwayException(string message) : Exception(message);
