using System.Buffers.Binary;
using System.Text;

namespace Caisson.Machines;

/// <summary>
/// A small FAT12 disk with a few files in its root: what a guest reads its configuration from. Written once, whole, with fixed times, so that
/// equal files give equal bytes. After Microsoft's "FAT: General Overview of On-Disk Format" 1.03 and its long-name entries (VFAT).
/// </summary>
internal static class FatImage
{
    public const int Bytes = Sectors * Sector;

    private const int Sector = 512;
    private const int Sectors = 2048;
    private const int FatSectors = 6;
    private const int RootEntries = 128;
    private const int Entry = 32;
    private const int RootStart = (1 + (2 * FatSectors)) * Sector;
    private const int DataStart = RootStart + (RootEntries * Entry);
    private const int Clusters = (Bytes - DataStart) / Sector; // One sector each; fewer than 4085, which is what makes it FAT12.
    private const int FirstCluster = 2;
    private const int EndOfChain = 0xfff;
    private const int Date = ((2020 - 1980) << 9) | (1 << 5) | 1;

    /// <param name="label">1 to 11 ASCII characters.</param>
    /// <param name="files">Names of 1 to 255 ASCII characters with their contents.</param>
    /// <exception cref="ArgumentException">They do not fit on a disk of 1 MiB.</exception>
    public static byte[] Make(string label, IReadOnlyList<(string Name, byte[] Content)> files)
    {
        var image = new byte[Bytes];
        WriteBoot(image, label);
        var fat = new int[Clusters + FirstCluster];
        (fat[0], fat[1]) = (0xff8, EndOfChain);
        var root = new Root(image.AsMemory(RootStart, RootEntries * Entry));
        root.AddLabel(Padded(label, 11));
        var next = FirstCluster;
        foreach (var (name, content) in files)
        {
            var count = (content.Length + Sector - 1) / Sector;
            if (next + count > fat.Length)
            {
                throw new ArgumentException($"'{name}' does not fit on a configuration drive of {Bytes} bytes.", nameof(files));
            }

            content.CopyTo(image, DataStart + ((next - FirstCluster) * Sector));
            for (var i = 0; i < count; i++)
            {
                fat[next + i] = i == count - 1 ? EndOfChain : next + i + 1;
            }

            root.AddFile(name, count == 0 ? 0 : next, content.Length);
            next += count;
        }

        for (var copy = 0; copy < 2; copy++)
        {
            WriteFat(image.AsSpan((1 + (copy * FatSectors)) * Sector, FatSectors * Sector), fat);
        }

        return image;
    }

    private static void WriteBoot(Span<byte> image, string label)
    {
        (image[0], image[1], image[2]) = (0xeb, 0x3c, 0x90);
        Encoding.ASCII.GetBytes("CAISSON ").CopyTo(image[3..]);
        BinaryPrimitives.WriteUInt16LittleEndian(image[11..], Sector);
        image[13] = 1; // Sectors in a cluster.
        BinaryPrimitives.WriteUInt16LittleEndian(image[14..], 1); // Reserved: this one.
        image[16] = 2; // Tables.
        BinaryPrimitives.WriteUInt16LittleEndian(image[17..], RootEntries);
        BinaryPrimitives.WriteUInt16LittleEndian(image[19..], Sectors);
        image[21] = 0xf8; // A fixed disk.
        BinaryPrimitives.WriteUInt16LittleEndian(image[22..], FatSectors);
        BinaryPrimitives.WriteUInt16LittleEndian(image[24..], 32);
        BinaryPrimitives.WriteUInt16LittleEndian(image[26..], 16);
        image[36] = 0x80;
        image[38] = 0x29; // Serial number, label and name follow.
        Encoding.ASCII.GetBytes("CAIS").CopyTo(image[39..]);
        Padded(label, 11).CopyTo(image[43..]);
        Encoding.ASCII.GetBytes("FAT12   ").CopyTo(image[54..]);
        (image[510], image[511]) = (0x55, 0xaa);
    }

    /// <summary>Two entries of 12 bits in three bytes.</summary>
    private static void WriteFat(Span<byte> target, int[] fat)
    {
        for (var i = 0; i < fat.Length; i++)
        {
            var at = i * 3 / 2;
            if (i % 2 == 0)
            {
                target[at] = (byte)fat[i];
                target[at + 1] = (byte)((target[at + 1] & 0xf0) | (fat[i] >> 8));
            }
            else
            {
                target[at] = (byte)((target[at] & 0x0f) | ((fat[i] & 0xf) << 4));
                target[at + 1] = (byte)(fat[i] >> 4);
            }
        }
    }

    private static byte[] Padded(string text, int length) => Encoding.ASCII.GetBytes(text.ToUpperInvariant().PadRight(length)[..length]);

    /// <summary>The root folder's entries, in order.</summary>
    private sealed class Root(Memory<byte> entries)
    {
        private const byte LabelAttribute = 0x08;
        private const byte ReadOnlyAttribute = 0x01;
        private const byte LongName = 0x0f;
        private const int Letters = 13;

        private static readonly int[] Places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

        private int _used;
        private int _files;

        public void AddLabel(byte[] label)
        {
            var entry = Next();
            label.CopyTo(entry);
            entry[11] = LabelAttribute;
            BinaryPrimitives.WriteUInt16LittleEndian(entry[24..], Date);
        }

        public void AddFile(string name, int cluster, int length)
        {
            // The short name is only there because there must be one.
            var shortName = Padded($"FILE~{++_files}", 11);
            var parts = (name.Length + Letters - 1) / Letters;
            for (var part = parts; part >= 1; part--)
            {
                WriteLongName(Next(), name, part, isLast: part == parts, Checksum(shortName));
            }

            var entry = Next();
            shortName.CopyTo(entry);
            entry[11] = ReadOnlyAttribute;
            BinaryPrimitives.WriteUInt16LittleEndian(entry[16..], Date);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[18..], Date);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[24..], Date);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[26..], (ushort)cluster);
            BinaryPrimitives.WriteInt32LittleEndian(entry[28..], length);
        }

        private static void WriteLongName(Span<byte> entry, string name, int part, bool isLast, byte checksum)
        {
            entry[0] = (byte)(part | (isLast ? 0x40 : 0));
            entry[11] = LongName;
            entry[13] = checksum;
            for (var i = 0; i < Letters; i++)
            {
                var at = ((part - 1) * Letters) + i;
                var letter = at < name.Length ? name[at] : at == name.Length ? '\0' : '\uffff';
                BinaryPrimitives.WriteUInt16LittleEndian(entry[Places[i]..], letter);
            }
        }

        private static byte Checksum(byte[] shortName) =>
            shortName.Aggregate((byte)0, (sum, letter) => (byte)(((sum & 1) << 7) + (sum >> 1) + letter));

        private Span<byte> Next() => _used < RootEntries
            ? entries.Span.Slice(_used++ * Entry, Entry)
            : throw new ArgumentException("There are too many files for a configuration drive.");
    }
}
