using System.Buffers.Binary;
using System.Collections.Immutable;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>The byte form of a <see cref="BootProfile"/>; docs/reference/formats.md.</summary>
public static class BootProfileFormat
{
    public const int MaxBoots = 1000;

    public const int MaxBytes = HeaderBytes + (BootProfile.MaxEntries * EntryBytes) + ChunkId.Size;

    private const int HeaderBytes = 32;
    private const int EntryBytes = 44;

    private static ReadOnlySpan<byte> Magic => "CAISBOOT"u8;

    public static byte[] Encode(BootProfile profile)
    {
        var bytes = new byte[HeaderBytes + (profile.Entries.Length * EntryBytes) + ChunkId.Size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), profile.Boots);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(20), profile.Entries.Length);
        var at = HeaderBytes;
        foreach (var entry in profile.Entries)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at), entry.Offset);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 8), entry.Bytes);
            entry.Id.WriteTo(bytes.AsSpan(at + 12));
            at += EntryBytes;
        }

        ChunkId.Of(bytes.AsSpan(..at)).WriteTo(bytes.AsSpan(at));
        return bytes;
    }

    /// <exception cref="ChunkException">Invalid: not a profile, of a version not known here, cut short, damaged, or with a number out of range.</exception>
    public static BootProfile Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is < HeaderBytes + ChunkId.Size or > MaxBytes || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) != 1)
        {
            throw Invalid("it is not one, or of a version not known here");
        }

        var header = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        var boots = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]);
        if (header is < HeaderBytes or > 4096 || boots is < 1 or > MaxBoots || count is < 0 or > BootProfile.MaxEntries || bytes.Length != header + (count * EntryBytes) + ChunkId.Size)
        {
            throw Invalid("a number of its header is out of range, or it is cut short");
        }

        return new ChunkId(bytes[^ChunkId.Size..]) == ChunkId.Of(bytes[..^ChunkId.Size])
            ? new BootProfile(boots, Entries(bytes.Slice(header, count * EntryBytes)))
            : throw Invalid("its bytes have another hash");
    }

    private static ImmutableArray<ContentEntry> Entries(ReadOnlySpan<byte> bytes)
    {
        var entries = ImmutableArray.CreateBuilder<ContentEntry>(bytes.Length / EntryBytes);
        var known = new HashSet<ChunkId>();
        for (; bytes.Length > 0; bytes = bytes[EntryBytes..])
        {
            var entry = new ContentEntry(BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]), new ChunkId(bytes[12..]));
            if (entry.Offset is < 0 or > Limits.MaxImageBytes || entry.Offset % Limits.BlockBytes != 0 || entry.Bytes is < 1 or > Limits.MaxChunkBytes || !known.Add(entry.Id))
            {
                throw Invalid("an entry is out of range, or there twice");
            }

            entries.Add(entry);
        }

        return entries.ToImmutable();
    }

    private static ChunkException Invalid(string why) => new(ChunkError.Invalid, $"The boot profile cannot be used: {why}.");
}
