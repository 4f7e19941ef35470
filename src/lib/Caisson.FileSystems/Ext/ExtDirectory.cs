using System.Text;

namespace Caisson.FileSystems.Ext;

/// <summary>
/// Names in a directory's blocks (kernel: directory.rst). The blocks of a hash tree are made so that a reader who takes every block for a
/// list of names finds all of them: the tree's own nodes look like unused entries.
/// </summary>
internal static class ExtDirectory
{
    private const int HeadBytes = 8;

    /// <param name="take">Called with each used entry.</param>
    /// <exception cref="FileSystemException">Damaged.</exception>
    public static void ReadBlock(ReadOnlySpan<byte> block, uint inodes, Action<string, uint> take)
    {
        for (var at = 0; at < block.Length;)
        {
            if (block.Length - at < HeadBytes)
            {
                throw Damaged();
            }

            var inode = block.U32(at);
            var length = EntryBytes(block.U16(at + 4), block.Length);
            var nameBytes = block[at + 6];
            if (length < HeadBytes || length % 4 != 0 || length > block.Length - at)
            {
                throw Damaged();
            }

            if (inode != 0)
            {
                if (nameBytes == 0 || HeadBytes + nameBytes > length || inode > inodes)
                {
                    throw Damaged();
                }

                var name = block.Slice(at + HeadBytes, nameBytes);
                if (name.ContainsAny((byte)0, (byte)'/'))
                {
                    throw Damaged();
                }

                if (name is not ([(byte)'.'] or [(byte)'.', (byte)'.']))
                {
                    take(Encoding.Latin1.GetString(name), inode);
                }
            }

            at += length;
        }
    }

    /// <summary>A block of 64 KiB does not fit the 16 bits of a length; the two lowest bits, else zero, help out.</summary>
    private static int EntryBytes(int written, int blockBytes) => blockBytes < 65536
        ? written
        : written is 0 or 65535 ? blockBytes : (written & 65532) | ((written & 3) << 16);

    private static FileSystemException Damaged() => FileSystemException.Damaged("A directory's list of names is damaged.");
}
