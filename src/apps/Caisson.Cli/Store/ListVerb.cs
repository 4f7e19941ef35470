using System.CommandLine;
using Caisson.Cli.Server;

namespace Caisson.Cli.Store;

internal static class ListVerb
{
    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var command = new Command("list", "List the generations of a store") { store, StoreCommand.Json };
        command.SetAction(parsed =>
        {
            var generations = StoredReference.OpenExisting(parsed.GetValue(store)!).List();
            if (parsed.GetValue(StoreCommand.Json))
            {
                IReadOnlyList<ListedGeneration> rows = [.. generations.Select(g => new ListedGeneration(g.Name, g.Number, g.ManifestDigest, g.ImageBytes, g.StoredBytes, g.ChunkCount))];
                Output.Json(rows, StoreJson.Default.IReadOnlyListListedGeneration);
                return;
            }

            Output.Table(["GENERATION", "DISK", "STORED", "DIGEST"], generations.Select(g => (IReadOnlyList<string>)[$"{g}", Output.Size(g.ImageBytes), Output.Size(g.StoredBytes), g.ManifestDigest]));
        });
        return command;
    }
}
