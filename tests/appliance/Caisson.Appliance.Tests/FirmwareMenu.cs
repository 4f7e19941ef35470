using System.Buffers.Binary;
using System.Text;

namespace Caisson.Appliance.Tests;

/// <summary>What a person does in the firmware's menu, done to the file in which an emulated PC's firmware keeps its variables.</summary>
internal static class FirmwareMenu
{
    private const byte Valid = 0x3f;

    // Of EDK2's AUTHENTICATED_VARIABLE_HEADER.
    private const int HeaderBytes = 60, StateAt = 2, NameSizeAt = 36, DataSizeAt = 40;

    /// <summary>Takes the first entry of the boot order to its end.</summary>
    public static void ChooseTheNext(string variables)
    {
        var bytes = File.ReadAllBytes(variables);
        var order = BootOrder(bytes);
        var first = order[..2].ToArray();
        order[2..].ToArray().CopyTo(order);
        first.CopyTo(order[^2..]);
        File.WriteAllBytes(variables, bytes);
    }

    private static Span<byte> BootOrder(byte[] bytes)
    {
        var name = Encoding.Unicode.GetBytes("BootOrder\0");
        for (var at = bytes.AsSpan().IndexOf(name); at >= 0;)
        {
            var header = bytes.AsSpan(at - HeaderBytes, HeaderBytes);
            if (header is [0xaa, 0x55, ..] && header[StateAt] == Valid && BinaryPrimitives.ReadInt32LittleEndian(header[NameSizeAt..]) == name.Length)
            {
                return bytes.AsSpan(at + name.Length, BinaryPrimitives.ReadInt32LittleEndian(header[DataSizeAt..]));
            }

            var next = bytes.AsSpan(at + 2).IndexOf(name);
            at = next < 0 ? -1 : at + 2 + next;
        }

        throw new InvalidOperationException("The firmware keeps no boot order.");
    }
}
