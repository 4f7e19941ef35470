namespace Caisson.Chunks.Tests;

public sealed class CodecTests
{
    [Theory]
    [InlineData(true, FrameEncoding.Zstd)]
    [InlineData(false, FrameEncoding.Stored)]
    public void A_frame_comes_back_and_is_stored_the_smaller_way(bool compressible, FrameEncoding expected)
    {
        var plain = new byte[Limits.MaxFramePlainBytes];
        new Random(1).NextBytes(compressible ? plain.AsSpan(0, 1000) : plain);
        var stored = new byte[plain.Length];
        using var codec = new FrameCodec();
        var (encoding, length) = codec.Encode(plain, stored);

        var again = new byte[plain.Length];
        codec.Decode(encoding, stored.AsSpan(0, length), again);

        Assert.Equal(expected, encoding);
        Assert.Equal(plain, again);
    }

    [Fact]
    public void A_bomb_only_fails_to_fit()
    {
        using var codec = new FrameCodec();
        var stored = new byte[64 << 20];
        var (_, length) = codec.Encode(new byte[64 << 20], stored);
        Assert.True(length < 10_000);
        Assert.Throws<ChunkException>(() => codec.Decode(FrameEncoding.Zstd, stored.AsSpan(0, length), new byte[4096]));
    }

    [Theory]
    [InlineData(DeltaEffort.Fast)]
    [InlineData(DeltaEffort.Small)]
    public void A_reference_makes_near_copies_small_and_is_needed_to_read_them(DeltaEffort effort)
    {
        var old = new byte[1 << 20];
        new Random(1).NextBytes(old);
        var plain = (byte[])old.Clone();
        plain[500_000] ^= 1;
        using var encoder = new UnitEncoder(effort);
        using var decoder = new UnitDecoder();
        var (encoding, stored) = encoder.Encode(old, plain);
        Assert.InRange(stored.Length, 1, 1000);

        var again = new byte[plain.Length];
        decoder.Decode(encoding, old, stored.Span, again);
        Assert.Equal(plain, again);
        Assert.Throws<ChunkException>(() => decoder.Decode(encoding, [], stored.Span, again));
    }

    [Fact]
    public void Similar_regions_are_found_wherever_they_have_moved()
    {
        var old = new byte[8 << 20];
        new Random(2).NextBytes(old);
        var index = new SimilarityIndex(old.Length);
        index.Add(0, old);

        var found = index.Find(old.AsSpan((3 << 20) + 777, 60_000), 4);

        Assert.Contains(3L << 20, found.Select(region => region.Offset));
        Assert.Empty(index.Find(new byte[100_000], 4));
    }
}
