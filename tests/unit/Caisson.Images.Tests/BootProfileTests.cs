using System.Buffers.Binary;
using Caisson.Chunks;
using CsCheck;

namespace Caisson.Images.Tests;

public sealed class BootProfileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_boot_read_is_written_down_in_order_hits_and_misses_once_each()
    {
        var disk = Noise(1, 8 << 20);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await using var image = await OpenAsync("pc", generation, new DirectoryBlobSource(store));
        long[] places = [6 << 20, 1 << 20, 3 << 20, 1 << 20, 6 << 20];
        foreach (var place in places)
        {
            await image.ReadAsync(place, new byte[4096], Token);
        }

        var profile = image.TakeBootProfile()!;

        long[] order = [6 << 20, 1 << 20, 3 << 20];
        var seen = profile.Entries.Select(e => order.First(o => e.Offset < o + FirstTouches.GrainBytes && o < e.Offset + e.Bytes)).Distinct();
        Assert.Equal(order, seen);
        Assert.Null(image.TakeBootProfile());
    }

    [Fact]
    public async Task The_filler_of_another_PC_follows_the_profile_then_takes_the_rest_and_holds_the_rest_when_told()
    {
        var disk = Noise(2, 16 << 20);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var profile = await LearnAsync(store, generation, [12 << 20, 2 << 20]);
        await StoredBootProfile.KeepAsync(store, "work", generation.ManifestDigest, profile, 1, Token);
        var isHeld = true;
        await using var image = await OpenAsync("other", generation, new DirectoryBlobSource(store));

        var fill = image.FillAsync(new FillOptions { IsRestHeld = () => Volatile.Read(ref isHeld) }, Token);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!image.TryRead(12 << 20, new byte[64 << 10]) || !image.TryRead(2 << 20, new byte[64 << 10]))
        {
            await tick.WaitForNextTickAsync(Token);
        }

        Assert.False(image.TryRead(7 << 20, new byte[4096]));
        Assert.InRange(image.Status.PresentBytes, 1, 3 << 20);
        Volatile.Write(ref isHeld, false);
        await fill;
        Assert.True(image.Status.IsComplete);
    }

    [Fact]
    public async Task A_profile_serves_the_next_generation_by_chunk_and_where_that_changed_by_place()
    {
        var disk = Noise(3, 8 << 20);
        var (store, first) = await TestDisk.ImportAsync(_folder, disk);
        var profile = await LearnAsync(store, first, [1 << 20, 5 << 20]);
        // All moves up by 64 KiB, and what lies at 5 MiB is new.
        var moved = new byte[disk.Length + (64 << 10)];
        Noise(4, 64 << 10).CopyTo(moved, 0);
        disk.CopyTo(moved, 64 << 10);
        Noise(5, 256 << 10).CopyTo(moved, 5 << 20);
        var (_, second) = await TestDisk.ImportAsync(_folder, moved);
        var index = store.ReadIndex(second.ManifestDigest);

        var frames = profile.FramesIn(index);

        int FrameAt(long place) => index.Chunks[index.Extents[index.FirstExtentEndingAfter(place)].Chunk].Frame;
        Assert.Contains(FrameAt((1 << 20) + (64 << 10)), frames);
        Assert.Contains(FrameAt(5 << 20), frames);
        Assert.True(frames.Count < index.Frames.Length / 2);
    }

    [Fact]
    public async Task A_hostile_profile_costs_only_order_and_at_most_a_quarter_of_a_large_image_goes_ahead()
    {
        var disk = Noise(6, 2 << 20);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var strangers = Enumerable.Range(0, 1000).Select(i => new ContentEntry((Limits.MaxImageBytes - (i * 4096L)) / 4096 * 4096, 4096, ChunkId.Of(BitConverter.GetBytes(i))));
        await StoredBootProfile.KeepAsync(store, "work", generation.ManifestDigest, new BootProfile(1, [.. strangers]), 1, Token);
        await using var image = await OpenAsync("pc", generation, new DirectoryBlobSource(store));
        await image.FillAsync(() => null, Token);
        Assert.Equal(disk, await File.ReadAllBytesAsync(image.ImageFile, Token));

        var index = LargeIndex();
        var everything = new BootProfile(1, [.. Enumerable.Range(0, index.Extents.Length).Select(i => new ContentEntry(index.Extents[i].Offset, index.ExtentBytes(i), index.Chunks[i].Id))]);
        var ahead = everything.FramesIn(index).Sum(frame => (long)index.Frames[frame].StoredBytes);
        Assert.InRange(ahead, 1, index.Frames.Sum(frame => (long)frame.StoredBytes) / 4);
    }

    [Fact]
    public void A_profile_survives_its_byte_form() => Profiles.Sample(profile =>
    {
        var read = BootProfileFormat.Decode(BootProfileFormat.Encode(profile));
        Assert.Equal(profile.Boots, read.Boots);
        Assert.Equal(profile.Entries, read.Entries);
    });

    [Fact]
    public void Damaged_and_foreign_bytes_are_refused_whatever_they_are()
    {
        Gen.Select(Profiles, Gen.Int[0, int.MaxValue], Gen.Byte[1, 255]).Sample((profile, place, flip) =>
        {
            var bytes = BootProfileFormat.Encode(profile);
            bytes[place % bytes.Length] ^= flip;
            Assert.Throws<ChunkException>(() => BootProfileFormat.Decode(bytes));
            Assert.Throws<ChunkException>(() => BootProfileFormat.Decode(bytes.AsSpan(..(place % bytes.Length))));
        });
        Gen.Byte.Array[0, 200].Sample(bytes => Assert.Throws<ChunkException>(() => BootProfileFormat.Decode(bytes)));

        // Right hashes over numbers out of range.
        Assert.All(((int At, int Value)[])[(20, BootProfile.MaxEntries + 1), (20, int.MaxValue), (20, -1), (16, 0), (16, 1001), (12, 31), (12, 5000), (32 + 8, 0), (32 + 8, Limits.MaxChunkBytes + 1), (32, 1)], change =>
        {
            var bytes = BootProfileFormat.Encode(new BootProfile(1, [new ContentEntry(4096, 4096, ChunkId.Of("a"u8))]));
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(change.At), change.Value);
            ChunkId.Of(bytes.AsSpan(..^32)).WriteTo(bytes.AsSpan(^32..));
            Assert.Throws<ChunkException>(() => BootProfileFormat.Decode(bytes));
        });
    }

    [Fact]
    public void Merging_keeps_an_order_all_boots_share_and_puts_what_few_read_later()
    {
        var a = Entries(1, 2, 3, 4, 5);
        var b = Entries(1, 2, 9, 3, 4, 5);

        var merged = new BootProfile(3, a).With(new BootProfile(1, b));

        Assert.Equal(4, merged.Boots);
        Assert.Equal(Entries(1, 2, 3, 4), merged.Entries.Take(4));
        Assert.Equal(Entries(1, 2, 3, 4, 5, 9).ToHashSet(), merged.Entries.ToHashSet());
    }

    public void Dispose() => _folder.Dispose();

    private static Gen<BootProfile> Profiles =>
        Gen.Select(Gen.Int[1, 1000], Gen.Select(Gen.Long[0, 1L << 33], Gen.Int[1, Limits.MaxChunkBytes], Gen.Byte.Array[32]).Array[0, 40], (boots, entries) =>
            new BootProfile(boots, [.. entries.Select(e => new ContentEntry(e.Item1 * 4096, e.Item2, new ChunkId(e.Item3))).DistinctBy(e => e.Id)]));

    private static System.Collections.Immutable.ImmutableArray<ContentEntry> Entries(params int[] numbers) =>
        [.. numbers.Select(n => new ContentEntry(n * 4096L, 4096, ChunkId.Of(BitConverter.GetBytes(n))))];

    private static byte[] Noise(int seed, int bytes)
    {
        var disk = new byte[bytes];
        new Random(seed).NextBytes(disk);
        return disk;
    }

    /// <summary>256 MiB in frames of one chunk each; only numbers, no bytes.</summary>
    private static ImageIndex LargeIndex()
    {
        const int count = 1024;
        const int bytes = Limits.MaxChunkBytes;
        return new ImageIndex(
            (long)count * bytes,
            [.. Enumerable.Range(0, count / 16).Select(pack => new PackEntry(ChunkId.Of(BitConverter.GetBytes(pack)), 16 + (16L * bytes)))],
            [.. Enumerable.Range(0, count).Select(frame => new FrameEntry(frame / 16, 16 + (frame % 16 * bytes), bytes, bytes, FrameEncoding.Stored))],
            [.. Enumerable.Range(0, count).Select(chunk => new ChunkEntry(ChunkId.Of(BitConverter.GetBytes(100_000 + chunk)), chunk, 0, bytes))],
            [.. Enumerable.Range(0, count).Select(extent => new ImageExtent((long)extent * bytes, extent))]);
    }

    private async Task<BootProfile> LearnAsync(ImageStore store, StoredGeneration generation, long[] places)
    {
        await using var image = await OpenAsync("learner", generation, new DirectoryBlobSource(store));
        foreach (var place in places)
        {
            await image.ReadAsync(place, new byte[64 << 10], Token);
        }

        return image.TakeBootProfile()!;
    }

    private Task<SelfFillingImage> OpenAsync(string directory, StoredGeneration generation, IBlobSource source) =>
        SelfFillingImage.OpenAsync(_folder[directory], generation.ManifestDigest, source, TimeProvider.System, null, Token);
}
