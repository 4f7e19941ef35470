using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Caisson.Slots;

/// <summary>
/// A dm-verity hash tree as <c>veritysetup format</c> makes it: a superblock, then the levels from the top down, in blocks of 4 KiB. All of it is
/// computed anew from the data and compared, so that what is believed in the end is the root hash alone.
/// </summary>
public sealed class VerityTree
{
    private const int BlockBytes = 4096;
    private const int HashBytes = 32;
    private const int SuperblockBytes = 512;
    private const int BlocksAtOnce = 256;

    private readonly byte[] _salt;

    private VerityTree(long dataBytes, byte[] salt)
    {
        (DataBytes, _salt) = (dataBytes, salt);
        var blocks = dataBytes / BlockBytes;
        var tree = 0L;
        do
        {
            blocks = (blocks + (BlockBytes / HashBytes) - 1) / (BlockBytes / HashBytes);
            tree += blocks;
        }
        while (blocks > 1);
        TreeBytes = (1 + tree) * BlockBytes;
    }

    /// <summary>Bytes of the file system that the tree covers.</summary>
    public long DataBytes { get; }

    /// <summary>Bytes of superblock and tree.</summary>
    public long TreeBytes { get; }

    /// <exception cref="ReleaseException">Not a tree of the kind the appliance uses, or larger than its partitions.</exception>
    public static VerityTree Read(FileSystems.IReadableDisk verity, long rootBytes)
    {
        var super = new byte[SuperblockBytes];
        Demand(verity.Bytes >= 2 * BlockBytes);
        verity.Read(0, super);
        var (blocks, salt) = (BinaryPrimitives.ReadUInt64LittleEndian(super.AsSpan(72)), BinaryPrimitives.ReadUInt16LittleEndian(super.AsSpan(80)));
        Demand(super.AsSpan().StartsWith("verity\0\0"u8) && U32(8) == 1 && U32(12) == 1 && super.AsSpan(32, 32).SequenceEqual("sha256\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"u8));
        Demand(U32(64) == BlockBytes && U32(68) == BlockBytes && salt <= 256 && blocks > 1 && blocks <= (ulong)(rootBytes / BlockBytes));
        var tree = new VerityTree((long)blocks * BlockBytes, super.AsSpan(88, salt).ToArray());
        Demand(tree.TreeBytes <= verity.Bytes);
        return tree;

        uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(super.AsSpan(at));

        static void Demand(bool holds)
        {
            if (!holds)
            {
                throw new ReleaseException("The hash tree of the root is not of the kind that the appliance uses, or does not fit its partition.");
            }
        }
    }

    /// <summary>Reads all of the root and its tree.</summary>
    /// <returns>Null: every byte is as the root hash says. Else what is not, as a sentence.</returns>
    public string? Problem(FileSystems.IReadableDisk root, FileSystems.IReadableDisk verity, RootHash expected)
    {
        var levels = new List<byte[]> { Hashes(root, DataBytes) };
        while (levels[^1].Length > BlockBytes)
        {
            levels.Add(Hashes(levels[^1]));
        }

        if (Convert.ToHexStringLower(Hash(levels[^1])) != expected.Hex)
        {
            return "The root file system is not the one that the signed kernel names: a byte of it is wrong.";
        }

        var at = (long)BlockBytes;
        foreach (var level in Enumerable.Reverse(levels))
        {
            var there = new byte[level.Length];
            verity.Read(at, there);
            if (!there.AsSpan().SequenceEqual(level))
            {
                return "The hash tree does not belong to its root file system.";
            }

            at += level.Length;
        }

        return null;
    }

    private byte[] Hashes(FileSystems.IReadableDisk data, long bytes)
    {
        var hashes = new byte[Whole(bytes / BlockBytes * HashBytes)];
        var buffer = new byte[BlocksAtOnce * BlockBytes];
        for (var at = 0L; at < bytes; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, bytes - at));
            data.Read(at, part);
            HashInto(part, hashes.AsSpan((int)(at / BlockBytes * HashBytes)));
        }

        return hashes;
    }

    private byte[] Hashes(byte[] level)
    {
        var hashes = new byte[Whole(level.Length / BlockBytes * HashBytes)];
        HashInto(level, hashes);
        return hashes;
    }

    private void HashInto(ReadOnlySpan<byte> blocks, Span<byte> hashes)
    {
        for (var i = 0; i < blocks.Length / BlockBytes; i++)
        {
            Hash(blocks.Slice(i * BlockBytes, BlockBytes)).CopyTo(hashes[(i * HashBytes)..]);
        }
    }

    private byte[] Hash(ReadOnlySpan<byte> block)
    {
        Span<byte> salted = stackalloc byte[_salt.Length + BlockBytes];
        _salt.CopyTo(salted);
        block.CopyTo(salted[_salt.Length..]);
        return SHA256.HashData(salted);
    }

    private static long Whole(long bytes) => (bytes + BlockBytes - 1) / BlockBytes * BlockBytes;
}
