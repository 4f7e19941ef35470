using System.CommandLine;
using Caisson.Cli.Server;
using Caisson.Images;

namespace Caisson.Cli.Store;

/// <summary>From one store into another; a store on a USB medium is what PCs without a good line take images from.</summary>
internal static class CopyVerb
{
    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var target = new Option<string>("--to") { Description = "Directory of the other store, for example on a USB medium; made if it is new", Required = true };
        var references = new Argument<string[]>("name@generation") { Description = "One or more generations; the deltas that lead to them go with them", Arity = ArgumentArity.OneOrMore };
        var command = new Command("copy", "Copy generations and their deltas into another store, for example onto a USB medium") { store, target, references, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var from = StoredReference.OpenExisting(parsed.GetValue(store)!);
            var wanted = parsed.GetValue(references)!.Select(reference => StoredReference.Find(from, reference)).ToList();
            var to = ImageStore.Open(parsed.GetValue(target)!);
            var progress = new ProgressLine();
            foreach (var generation in wanted)
            {
                await new StorePull(to, TimeProvider.System, progress).PullAsync(new DirectoryBlobSource(from), generation.ManifestDigest, cancel);
            }

            progress.Finish();
            var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            if (parsed.GetValue(StoreCommand.Json))
            {
                Output.Json(new CopyResult([.. wanted.Select(generation => $"{generation}")], to.Directory, seconds), StoreJson.Default.CopyResult);
                return;
            }

            Console.Out.WriteLine($"{string.Join(", ", wanted)} {(wanted.Count == 1 ? "is" : "are")} in {to.Directory}.");
        });
        return command;
    }
}
