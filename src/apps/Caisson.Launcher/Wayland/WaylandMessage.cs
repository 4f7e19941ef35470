using System.Buffers.Binary;
using System.Text;

namespace Caisson.Launcher.Wayland;

/// <summary>One argument of a request: a number, or a text where <see cref="Text"/> is not null.</summary>
internal readonly record struct WaylandArgument(uint Number, string? Text)
{
    public static implicit operator WaylandArgument(uint number) => new(number, null);

    public static implicit operator WaylandArgument(int number) => new((uint)number, null);

    public static implicit operator WaylandArgument(string text) => new(0, text);
}

/// <summary>Object, then size and opcode in one word, then arguments of whole words.</summary>
internal static class WaylandMessage
{
    private const int HeaderBytes = 8;

    public static byte[] Encode(uint target, int opcode, ReadOnlySpan<WaylandArgument> arguments)
    {
        var size = HeaderBytes;
        foreach (var argument in arguments)
        {
            size += argument.Text is { } text ? 4 + Padded(Encoding.UTF8.GetByteCount(text) + 1) : 4;
        }

        var message = new byte[size];
        BinaryPrimitives.WriteUInt32LittleEndian(message, target);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), ((uint)size << 16) | (uint)opcode);
        var at = HeaderBytes;
        foreach (var argument in arguments)
        {
            if (argument.Text is { } text)
            {
                var length = Encoding.UTF8.GetBytes(text, message.AsSpan(at + 4)) + 1;
                BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(at), length);
                at += 4 + Padded(length);
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(at), argument.Number);
                at += 4;
            }
        }

        return message;
    }

    /// <summary>False: the event is not whole yet.</summary>
    /// <exception cref="WaylandException">A size no event has.</exception>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out WaylandEvent said, out int length)
    {
        (said, length) = (default, 0);
        if (bytes.Length < HeaderBytes)
        {
            return false;
        }

        var word = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        length = (int)(word >> 16);
        if (length < HeaderBytes || length % 4 != 0)
        {
            throw new WaylandException($"The compositor sent an event of {length} bytes.");
        }

        if (bytes.Length < length)
        {
            return false;
        }

        said = new WaylandEvent(BinaryPrimitives.ReadUInt32LittleEndian(bytes), (int)(word & 0xffff), bytes[HeaderBytes..length].ToArray());
        return true;
    }

    private static int Padded(int length) => (length + 3) & ~3;
}
