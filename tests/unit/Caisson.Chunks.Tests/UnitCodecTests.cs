using CsCheck;

namespace Caisson.Chunks.Tests;

/// <summary>Units of any content against any old bytes: what is encoded comes back, and nothing else ever reads or writes out of bounds.</summary>
public sealed class UnitCodecTests
{
    private static readonly DeltaEncoding[] Encodings = Enum.GetValues<DeltaEncoding>();

    /// <summary>Old bytes, and new ones made of them: moved, with single bytes changed as addresses in machine code, with insertions.</summary>
    private static readonly Gen<(byte[] Old, byte[] New)> Pair =
        from seed in Gen.Int
        from oldBytes in Gen.Int[0, 60_000]
        from pieces in Gen.Int[1, 12]
        select Make(seed, oldBytes, pieces);

    [Theory]
    [InlineData(DeltaEffort.Fast, 60)]
    [InlineData(DeltaEffort.Small, 20)]
    public void Every_unit_comes_back(DeltaEffort effort, int cases)
    {
        using var encoder = new UnitEncoder(effort);
        using var decoder = new UnitDecoder();
        Pair.Sample(
            pair =>
            {
                var (encoding, stored) = encoder.Encode(pair.Old, pair.New);
                var again = new byte[pair.New.Length];
                decoder.Decode(encoding, pair.Old, stored.Span, again);
                return stored.Length <= pair.New.Length && again.AsSpan().SequenceEqual(pair.New);
            },
            iter: cases,
            threads: 1);
    }

    [Fact]
    public void Machine_code_whose_addresses_moved_costs_least_as_a_byte_difference()
    {
        var random = new Random(3);
        var old = new byte[2 << 20];
        random.NextBytes(old);
        var plain = (byte[])old.Clone();
        for (var at = 0; at < plain.Length - 4; at += 13 + random.Next(8))
        {
            plain[at] += 0x10;
        }

        using var encoder = new UnitEncoder(DeltaEffort.Small);
        var (encoding, stored) = encoder.Encode(old, plain);
        Assert.True(encoding is DeltaEncoding.ByteDifference or DeltaEncoding.LzmaByteDifference);
        Assert.InRange(stored.Length, 1, plain.Length / 8);
    }

    [Fact]
    public void A_damaged_unit_gives_other_bytes_or_is_refused_and_never_leaves_its_buffers()
    {
        using var fast = new UnitEncoder(DeltaEffort.Fast);
        using var small = new UnitEncoder(DeltaEffort.Small);
        using var decoder = new UnitDecoder();
        var cases = from pair in Pair
                    from isSmall in Gen.Bool
                    from flips in Gen.Int[0, int.MaxValue].Array[1, 4]
                    from claimed in Gen.Int[0, Encodings.Length]
                    select (pair, isSmall, flips, claimed);
        cases.Sample(
            test =>
            {
                var (encoding, stored) = (test.isSmall ? small : fast).Encode(test.pair.Old, test.pair.New);
                var damaged = stored.ToArray();
                foreach (var flip in test.flips)
                {
                    damaged[flip % damaged.Length] ^= (byte)(1 << (flip % 7));
                }

                var guarded = new byte[test.pair.New.Length + 64];
                guarded.AsSpan(test.pair.New.Length).Fill(0xA5);
                try
                {
                    decoder.Decode(test.claimed < Encodings.Length ? Encodings[test.claimed] : encoding, test.pair.Old, damaged, guarded.AsSpan(0, test.pair.New.Length));
                }
                catch (ChunkException)
                {
                    // Refused is as good: whoever decodes compares with the chunks' ids.
                }

                return !guarded.AsSpan(test.pair.New.Length).ContainsAnyExcept((byte)0xA5);
            },
            iter: 150,
            threads: 1);
    }

    [Fact]
    public void A_bomb_of_any_encoding_only_fails_to_fit()
    {
        using var encoder = new UnitEncoder(DeltaEffort.Small);
        using var decoder = new UnitDecoder();
        var (_, stored) = encoder.Encode([], new byte[Limits.MaxUnitPlainBytes]);
        Assert.True(stored.Length < 2000);
        Assert.All(Encodings, encoding => Assert.Throws<ChunkException>(() => decoder.Decode(encoding, [], stored.Span, new byte[4096])));
    }

    private static (byte[] Old, byte[] New) Make(int seed, int oldBytes, int pieces)
    {
        var random = new Random(seed);
        var old = new byte[oldBytes];
        random.NextBytes(old.AsSpan(0, random.Next(oldBytes + 1)));
        var made = new List<byte>();
        for (var piece = 0; piece < pieces; piece++)
        {
            var from = random.Next(oldBytes + 1);
            var part = old[from..(from + random.Next(Math.Min(oldBytes - from, 20_000) + 1))];
            for (var change = random.Next(40); change > 0 && part.Length > 0; change--)
            {
                part[random.Next(part.Length)] += (byte)random.Next(4);
            }

            var inserted = new byte[random.Next(500)];
            random.NextBytes(inserted);
            made.AddRange(part);
            made.AddRange(inserted);
        }

        made.Add(1);
        return (old, [.. made]);
    }
}
