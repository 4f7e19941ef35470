namespace Caisson.Slots;

/// <summary>The root of a dm-verity hash tree: it stands for every byte of a root file system, and its halves are the ids of the two partitions that hold it.</summary>
/// <param name="Hex">64 lower-case digits.</param>
public sealed record RootHash(string Hex)
{
    private const int Digits = 64;

    /// <summary>Id of the partition with the file system.</summary>
    public Guid RootId => Guid.ParseExact(Hex[..32], "N");

    /// <summary>Id of the partition with the hash tree.</summary>
    public Guid VerityId => Guid.ParseExact(Hex[32..], "N");

    /// <returns>Null: not a root hash.</returns>
    public static RootHash? TryParse(string text) => text.Length == Digits && text.All(char.IsAsciiHexDigitLower) ? new RootHash(text) : null;

    /// <summary>The one <c>roothash=</c> of a kernel's command line.</summary>
    /// <returns>Null: there is none, or more than one.</returns>
    public static RootHash? OfCommandLine(string commandLine)
    {
        const string word = "roothash=";
        var named = commandLine.Split([' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries).Where(w => w.StartsWith(word, StringComparison.Ordinal)).ToList();
        return named is [var one] ? TryParse(one[word.Length..]) : null;
    }

    public override string ToString() => Hex;
}
