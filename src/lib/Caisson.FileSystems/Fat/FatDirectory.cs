using System.Text;

namespace Caisson.FileSystems.Fat;

/// <summary>Entries of a FAT directory, with their long names.</summary>
internal static class FatDirectory
{
    public const int EntryBytes = 32;
    private const int LongNamePart = 0x0f;
    private const int VolumeLabel = 0x08;
    private const int IsDirectory = 0x10;
    private const int CharactersPerPart = 13;
    private const int MaxParts = 20;

    public static List<NamedFile> Parse(ReadOnlySpan<byte> bytes)
    {
        var found = new List<NamedFile>();
        var longName = new LongName();
        for (var at = 0; at <= bytes.Length - EntryBytes && bytes[at] != 0; at += EntryBytes)
        {
            var entry = bytes.Slice(at, EntryBytes);
            var attributes = entry[11];
            if (entry[0] == 0xe5)
            {
                longName.Clear();
            }
            else if ((attributes & 0x3f) == LongNamePart)
            {
                longName.Add(entry);
            }
            else
            {
                var name = longName.Take(entry) ?? ShortName(entry);
                if ((attributes & VolumeLabel) == 0 && name is not ("." or "..") && name.Length > 0)
                {
                    found.Add(new NamedFile(FileNames.FromText(name), Node(entry, attributes)));
                }
            }
        }

        found.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return found;
    }

    private static FileNode Node(ReadOnlySpan<byte> entry, int attributes)
    {
        var isDirectory = (attributes & IsDirectory) != 0;
        return new FileNode
        {
            Id = entry.U16(26) | ((uint)entry.U16(20) << 16),
            Kind = isDirectory ? FileKind.Directory : FileKind.Regular,
            Bytes = isDirectory ? 0 : entry.U32(28),
        };
    }

    // Bits 3 and 4 of byte 12: name and extension are in small letters.
    private static string ShortName(ReadOnlySpan<byte> entry)
    {
        var name = Text(entry[..8], (entry[12] & 8) != 0);
        var extension = Text(entry[8..11], (entry[12] & 16) != 0);
        return extension.Length == 0 ? name : $"{name}.{extension}";
    }

    private static string Text(ReadOnlySpan<byte> bytes, bool isSmall)
    {
        var text = Encoding.Latin1.GetString(bytes).TrimEnd(' ').Replace('/', '?').Replace('\0', '?');
        return isSmall ? text.ToLowerInvariant() : text;
    }

    /// <summary>The parts of a long name come last part first, before the entry they belong to, and carry its checksum.</summary>
    private sealed class LongName
    {
        private readonly char[] _characters = new char[CharactersPerPart * MaxParts];
        private int _expected;
        private int _parts;
        private byte _sum;

        public void Clear() => _expected = _parts = 0;

        public void Add(ReadOnlySpan<byte> entry)
        {
            var order = entry[0] & 0x3f;
            if ((entry[0] & 0x40) != 0)
            {
                (_parts, _expected, _sum) = (order, order, entry[13]);
            }

            if (order == 0 || order > MaxParts || order != _expected || entry[13] != _sum)
            {
                Clear();
                return;
            }

            _expected--;
            var target = _characters.AsSpan((order - 1) * CharactersPerPart, CharactersPerPart);
            for (var i = 0; i < CharactersPerPart; i++)
            {
                target[i] = (char)entry.U16(i < 5 ? 1 + (i * 2) : i < 11 ? 4 + (i * 2) : 6 + (i * 2));
            }
        }

        public string? Take(ReadOnlySpan<byte> entry)
        {
            var (isWhole, length) = (_parts > 0 && _expected == 0 && _sum == Sum(entry[..11]), _parts * CharactersPerPart);
            Clear();
            if (!isWhole)
            {
                return null;
            }

            var name = new string(_characters, 0, length);
            var end = name.IndexOf('\0', StringComparison.Ordinal);
            return (end < 0 ? name : name[..end]).Replace('/', '?');
        }

        private static byte Sum(ReadOnlySpan<byte> name)
        {
            byte sum = 0;
            foreach (var one in name)
            {
                sum = (byte)(((sum & 1) << 7) + (sum >> 1) + one);
            }

            return sum;
        }
    }
}
