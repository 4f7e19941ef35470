using System.Buffers.Binary;
using System.Security.Cryptography;
using Caisson.FileSystems;

namespace Caisson.Slots.Tests;

/// <summary>The tree is made here as the kernel's documentation describes it; that veritysetup makes the same is what every boot of the appliance shows.</summary>
public sealed class VerityTests
{
    private const int Block = 4096;
    private static readonly byte[] Salt = [.. Enumerable.Repeat((byte)0xca, 32)];

    [Theory]
    [InlineData(2)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(300)]
    public void A_whole_root_is_found_whole(int blocks)
    {
        var (root, verity, hash) = Make(blocks);
        var tree = VerityTree.Read(verity, root.Bytes);
        Assert.Equal((blocks * Block, verity.Bytes), (tree.DataBytes, tree.TreeBytes));
        Assert.Null(tree.Problem(root, verity, hash));
    }

    [Fact]
    public void Any_flipped_bit_of_root_or_tree_is_found()
    {
        var (root, verity, hash) = Make(300);
        for (var at = 0; at < root.Content.Length; at += 9973)
        {
            root.Content[at] ^= 1;
            Assert.NotNull(VerityTree.Read(verity, root.Bytes).Problem(root, verity, hash));
            root.Content[at] ^= 1;
        }

        for (var at = Block; at < verity.Content.Length; at += 997)
        {
            verity.Content[at] ^= 1;
            Assert.NotNull(VerityTree.Read(verity, root.Bytes).Problem(root, verity, hash));
            verity.Content[at] ^= 1;
        }

        Assert.NotNull(VerityTree.Read(verity, root.Bytes).Problem(root, verity, Sample.Hash(1)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(32)]
    [InlineData(65)]
    [InlineData(77)]
    public void A_superblock_that_says_nonsense_is_refused(int at)
    {
        var (root, verity, _) = Make(4);
        verity.Content[at] ^= 0x7f;
        Assert.Throws<ReleaseException>(() => VerityTree.Read(verity, root.Bytes));
    }

    private static (MemoryDisk Root, MemoryDisk Verity, RootHash Hash) Make(int blocks)
    {
        var root = new MemoryDisk(new byte[blocks * Block]);
        new Random(blocks).NextBytes(root.Content);
        var levels = new List<byte[]> { Level(root.Content) };
        while (levels[^1].Length > Block)
        {
            levels.Add(Level(levels[^1]));
        }

        var super = new byte[Block];
        "verity\0\0"u8.CopyTo(super);
        BinaryPrimitives.WriteInt32LittleEndian(super.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32LittleEndian(super.AsSpan(12), 1);
        "sha256"u8.CopyTo(super.AsSpan(32));
        BinaryPrimitives.WriteInt32LittleEndian(super.AsSpan(64), Block);
        BinaryPrimitives.WriteInt32LittleEndian(super.AsSpan(68), Block);
        BinaryPrimitives.WriteInt64LittleEndian(super.AsSpan(72), blocks);
        BinaryPrimitives.WriteInt16LittleEndian(super.AsSpan(80), (short)Salt.Length);
        Salt.CopyTo(super.AsSpan(88));
        var verity = new MemoryDisk([.. super, .. Enumerable.Reverse(levels).SelectMany(l => l)]);
        return (root, verity, RootHash.TryParse(Convert.ToHexStringLower(Hash(levels[^1])))!);
    }

    private static byte[] Level(byte[] below)
    {
        byte[] hashes = [.. below.Chunk(Block).SelectMany(Hash)];
        Array.Resize(ref hashes, (hashes.Length + Block - 1) / Block * Block);
        return hashes;
    }

    private static byte[] Hash(byte[] block) => SHA256.HashData([.. Salt, .. block]);

    private sealed class MemoryDisk(byte[] content) : IReadableDisk
    {
        public byte[] Content => content;

        public long Bytes => content.Length;

        public void Read(long offset, Span<byte> buffer) => content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
    }
}
