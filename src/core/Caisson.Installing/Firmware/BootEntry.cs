using System.Buffers.Binary;
using System.Text;

namespace Caisson.Installing;

/// <summary>One entry of the firmware's boot menu (EFI_LOAD_OPTION): a file on a partition that is known by its id.</summary>
/// <param name="FirstBlock">Of the partition, in the disk's own blocks; so is <paramref name="Blocks"/>.</param>
/// <param name="Path">With backslashes, from the partition's root.</param>
public sealed record BootEntry(string Description, int PartitionNumber, long FirstBlock, long Blocks, Guid PartitionId, string Path)
{
    private const int Active = 1;
    private const byte MediaPath = 4, HardDrive = 1, FilePath = 4;
    private const byte EndOfPath = 0x7f, EndOfAll = 0xff;
    private const byte Gpt = 2, ByGuid = 2;
    private const int HardDriveBytes = 42;

    public byte[] Encode()
    {
        var file = Encoding.Unicode.GetBytes(Path + '\0');
        var description = Encoding.Unicode.GetBytes(Description + '\0');
        var pathBytes = HardDriveBytes + 4 + file.Length + 4;
        var all = new byte[4 + 2 + description.Length + pathBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(all, Active);
        BinaryPrimitives.WriteUInt16LittleEndian(all.AsSpan(4), (ushort)pathBytes);
        description.CopyTo(all, 6);

        var node = all.AsSpan(6 + description.Length);
        Header(node, MediaPath, HardDrive, HardDriveBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(node[4..], (uint)PartitionNumber);
        BinaryPrimitives.WriteInt64LittleEndian(node[8..], FirstBlock);
        BinaryPrimitives.WriteInt64LittleEndian(node[16..], Blocks);
        PartitionId.TryWriteBytes(node[24..]);
        node[40] = Gpt;
        node[41] = ByGuid;

        node = node[HardDriveBytes..];
        Header(node, MediaPath, FilePath, 4 + file.Length);
        file.CopyTo(node[4..]);
        Header(node[(4 + file.Length)..], EndOfPath, EndOfAll, 4);
        return all;
    }

    /// <summary>Whose entry it is and which GPT partition it names; nulls where it names none, or is not what the specification describes.</summary>
    public static (string? Description, Guid? PartitionId) Read(ReadOnlySpan<byte> option)
    {
        if (option.Length < 8)
        {
            return (null, null);
        }

        var end = 6;
        while (end + 2 <= option.Length && option.Slice(end, 2) is not [0, 0])
        {
            end += 2;
        }

        if (end + 2 > option.Length)
        {
            return (null, null);
        }

        var description = Encoding.Unicode.GetString(option[6..end]);
        for (var node = option[(end + 2)..]; node.Length >= 4;)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(node[2..]);
            if (length < 4 || length > node.Length || node[0] == EndOfPath)
            {
                break;
            }

            if (node[0] == MediaPath && node[1] == HardDrive && length == HardDriveBytes && node[41] == ByGuid)
            {
                return (description, new Guid(node.Slice(24, 16)));
            }

            node = node[length..];
        }

        return (description, null);
    }

    private static void Header(Span<byte> node, byte type, byte subType, int length)
    {
        node[0] = type;
        node[1] = subType;
        BinaryPrimitives.WriteUInt16LittleEndian(node[2..], (ushort)length);
    }
}
