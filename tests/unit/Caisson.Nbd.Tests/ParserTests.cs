using System.Numerics;
using CsCheck;

namespace Caisson.Nbd.Tests;

public sealed class ParserTests
{
    [Fact]
    public void Option_data_of_any_bytes_is_parsed_or_refused_and_never_throws() =>
        Gen.Byte.Array[0, 400].Sample(data =>
        {
            var isChoice = ExportChoice.TryParse(data, out var choice);
            Assert.True(isChoice || choice.Name.Length == 0);
            var isQuery = MetaContextQuery.TryParse(data, out var query);
            Assert.True(!isQuery || query.Queries.Sum(q => 4 + q.Length) <= data.Length);
        });

    [Fact]
    public void A_well_formed_query_survives_and_every_cut_of_it_is_refused() =>
        Gen.Select(Gen.String[Gen.Char['a', 'z'], 0, 20], Gen.String[Gen.Char['a', 'z'], 0, 20].Array[0, 5]).Sample((export, queries) =>
        {
            byte[] data = [.. TestClient.Text(export), .. TestClient.BigEndian((uint)queries.Length), .. queries.SelectMany(TestClient.Text)];
            Assert.True(MetaContextQuery.TryParse(data, out var parsed));
            Assert.Equal(export, parsed.Export);
            Assert.Equal(queries, parsed.Queries);
            Assert.False(MetaContextQuery.TryParse(data.AsSpan(0, data.Length - 1), out _));
            Assert.False(MetaContextQuery.TryParse([.. data, 0], out _));
        });

    [Fact]
    public void An_admitted_request_lies_inside_the_device() =>
        Gen.Select(Gen.OneOf(Gen.ULong, Gen.ULong[0, 1 << 20]), Gen.OneOf(Gen.UInt, Gen.UInt[0, 1 << 20]), Gen.UShort[0, 9], Gen.UShort[0, 31], Gen.Long[0, 1 << 20], Gen.Bool)
            .Sample((offset, length, command, flags, size, isReadOnly) =>
            {
                var request = new Request((CommandFlags)flags, (Command)command, 0, offset, length);
                var verdict = request.Admit(size, isReadOnly, new Negotiated(StructuredReplies: true, AllocationContext: true));
                if (verdict == NbdError.None && request.Command is not (Command.Flush or Command.Disconnect))
                {
                    Assert.True(new BigInteger(offset) + length <= size);
                    Assert.False(isReadOnly && request.Command is Command.Write or Command.Trim or Command.WriteZeroes && isReadOnly);
                }
            });

    [Fact]
    public void Normalised_extents_alternate_stay_inside_and_keep_every_byte_they_cover() =>
        Gen.Select(Gen.Select(Gen.Long[0, 5000], Gen.Bool).Array[0, 30], Gen.Long[1, 40_000], Gen.Int[1, 8]).Sample((raw, length, max) =>
        {
            var given = raw.Select(r => new BlockExtent(r.Item1, r.Item2)).ToList();
            var runs = Extents.Normalise(given, length, max);
            Assert.InRange(runs.Count, 1, Math.Max(1, max));
            Assert.All(runs, r => Assert.True(r.Length > 0));
            Assert.True(runs.Sum(r => r.Length) <= length);
            Assert.All(runs.Zip(runs.Skip(1)), pair => Assert.NotEqual(pair.First.IsHole, pair.Second.IsHole));
            if (given.Exists(g => g.Length > 0))
            {
                var expected = given.SelectMany(g => Enumerable.Repeat(g.IsHole, (int)g.Length));
                Assert.True(runs.SelectMany(r => Enumerable.Repeat(r.IsHole, (int)r.Length)).Zip(expected).All(p => p.First == p.Second));
            }
        });
}
