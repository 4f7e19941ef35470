using Caisson.Fuzz;

namespace Caisson.Faults.Tests.Fuzzing;

/// <summary>What the fuzzer begins from and what once broke a parser, each also cut short and with bytes changed, without a fuzzer.</summary>
public sealed class CorpusTests
{
    private const int Mutations = 150;

    public static TheoryData<string> Names { get; } = [.. Parsers.All.Select(parser => parser.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_parser_takes_or_refuses_its_whole_corpus_and_what_lies_near_it(string name)
    {
        var parser = Parsers.Named(name);
        var random = new Random(1);
        foreach (var seed in parser.Seeds().Concat(Seeds.CrashersOf(parser)))
        {
            parser.Parse(seed);
            for (var i = 0; i < Mutations; i++)
            {
                parser.Parse(Mutate(seed, random));
            }
        }
    }

    /// <summary>From a seed that is refused at the door, no fuzzer comes to what lies behind it.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_parser_takes_each_of_its_seeds(string name)
    {
        var parser = Parsers.Named(name);
        Assert.NotEmpty(parser.Seeds());
        Assert.All(parser.Seeds(), seed => Assert.True(parser.Parse(seed)));
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = random.Next(4) == 0 ? seed[..random.Next(seed.Length + 1)] : (byte[])seed.Clone();
        for (var i = random.Next(1, 5); i > 0 && bytes.Length > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = random.Next(3) switch { 0 => 0, 1 => 0xff, _ => (byte)random.Next(256) };
        }

        return bytes;
    }
}
