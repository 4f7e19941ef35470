using System.CommandLine;
using Caisson.Cli.Server;
using Caisson.Images;

namespace Caisson.Cli.Store;

/// <summary>Says on standard error what an import found in free space, where it costs something.</summary>
internal static class FreeSpaceReport
{
    public static Option<bool> TrimOption() => new("--trim") { Description = "Leave out what deleted files left in free space; the file is not changed" };

    public static void Write(ImportedFreeSpace? found)
    {
        foreach (var sentence in Sentences(found))
        {
            Console.Error.WriteLine($"caisson: {sentence}");
        }
    }

    internal static IEnumerable<string> Sentences(ImportedFreeSpace? found)
    {
        if (found is null)
        {
            yield break;
        }

        if (found.StaleBytes >= ImportedFreeSpace.Notable)
        {
            yield return $"{Output.Size(found.StaleBytes)} of deleted files are still in free space; they are {Output.Size(found.StaleStoredBytes)} of the stored image, and travel with it to every PC. Import with --trim to leave them out.";
        }

        if (found.LeftOutBytes is > 0 and var leftOut)
        {
            yield return $"{Output.Size(leftOut)} of deleted files in free space were left out.";
        }

        foreach (var sentence in found.NotLookedInto)
        {
            yield return sentence;
        }
    }
}
