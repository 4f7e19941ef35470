using System.CommandLine;
using Caisson.Cli.Server;

namespace Caisson.Cli.Store;

internal static class RemoveVerb
{
    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var reference = new Argument<string>("name@generation");
        var command = new Command("remove", "Take a generation and its deltas out of a store; 'gc' then frees the space") { store, reference, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var opened = StoredReference.OpenExisting(parsed.GetValue(store)!);
            var generation = StoredReference.Find(opened, parsed.GetValue(reference)!);
            await opened.RemoveAsync(generation.Name, generation.Number, cancel);
            if (parsed.GetValue(StoreCommand.Json))
            {
                Output.Json(new RemoveResult(generation.Name, generation.Number, generation.ManifestDigest), StoreJson.Default.RemoveResult);
                return;
            }

            Console.Out.WriteLine($"{generation} is removed. 'caisson store gc' frees what only it needed.");
        });
        return command;
    }
}
