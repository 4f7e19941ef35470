using System.Collections.Immutable;

namespace Caisson.Fuzz;

/// <summary>One parser of bytes that others made.</summary>
/// <param name="Parse">
/// Parses any bytes, and says whether the parser took them. What it is documented to throw is swallowed; whatever else comes out is a bug, as is a result that breaks what
/// its users rely on.
/// </param>
/// <param name="Seeds">Well-formed inputs to begin from: the parser takes each, or nothing behind its first check would ever be reached.</param>
internal sealed record Parser(string Name, Func<byte[], bool> Parse, Func<IEnumerable<byte[]>> Seeds);

/// <summary>Every parser that meets foreign bytes.</summary>
internal static class Parsers
{
    public static ImmutableList<Parser> All { get; } =
    [
        ChunkParsers.Index,
        ChunkParsers.IndexFile,
        ChunkParsers.Frame,
        DeltaParsers.Unit,
        DeltaParsers.Head,
        DeltaParsers.Units,
        DeltaParsers.Columns,
        ImageParsers.Presence,
        ImageParsers.Manifest,
        ImageParsers.Config,
        ImageParsers.OciIndex,
        LocalParsers.BootProfile,
        LocalParsers.Care,
        LocalParsers.Journal,
        LocalParsers.Spool,
        RegistryParsers.Token,
        RegistryParsers.Credential,
        RegistryParsers.Address,
        ForeignParsers.Qcow2,
        ForeignParsers.Vmdk,
        ForeignParsers.Vhdx,
        DiskParsers.Partitions,
        DiskParsers.Ext,
        DiskParsers.Fat,
        NbdParser.Connection,
        QmpParser.Monitor,
        GuestParser.Heartbeat,
    ];

    public static Parser Named(string name) => All.Find(parser => parser.Name == name) ?? throw new ArgumentException($"There is no parser '{name}'; 'list' says which there are.", nameof(name));

    /// <summary>A property of a parser's result does not hold.</summary>
    public static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }
}
