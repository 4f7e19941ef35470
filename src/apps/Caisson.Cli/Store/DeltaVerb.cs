using System.CommandLine;
using Caisson.Chunks;
using Caisson.Cli.Server;
using Caisson.Images;

namespace Caisson.Cli.Store;

internal static class DeltaVerb
{
    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var from = new Argument<string>("from") { Description = "The generation PCs have, NAME@GEN" };
        var to = new Argument<string>("to") { Description = "The generation they shall have, NAME@GEN" };
        var file = new Option<string>("--out") { Description = "File to write; appears only when whole", Required = true };
        var small = new Option<bool>("--small") { Description = "Spend many times the work on a smaller delta; takes the place of a fast one" };
        var budget = new Option<int?>("--budget") { Description = "With --small: seconds of work, summed over threads, after which the rest stays as the fast way made it" };
        var command = new Command("delta", "Make the delta from one generation to another") { store, from, to, file, small, budget, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var progress = new ProgressLine();
            var opened = StoredReference.OpenExisting(parsed.GetValue(store)!);
            var (old, next) = (StoredReference.Find(opened, parsed.GetValue(from)!), StoredReference.Find(opened, parsed.GetValue(to)!));
            var options = new DeltaOptions
            {
                Effort = parsed.GetValue(small) ? DeltaEffort.Small : DeltaEffort.Fast,
                Budget = parsed.GetValue(budget) is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null,
            };
            var delta = await opened.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, options, TimeProvider.System, progress, cancel);
            await opened.ExportBlobAsync(delta.BlobDigest, parsed.GetValue(file)!, cancel);
            progress.Finish();
            var elapsed = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            if (parsed.GetValue(StoreCommand.Json))
            {
                Output.Json(new DeltaResult($"{old}", $"{next}", parsed.GetValue(file)!, delta.BlobDigest, delta.Bytes, delta.NewChunks, elapsed), StoreJson.Default.DeltaResult);
                return;
            }

            Console.Out.WriteLine($"{old} to {next}: {Output.Size(delta.Bytes)} for {delta.NewChunks} new chunks, where all of {next} is {Output.Size(next.StoredBytes)}.");
        });
        return command;
    }
}
