using System.CommandLine;
using Caisson.Cli.Server;

namespace Caisson.Cli.Store;

internal static class ExportVerb
{
    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var reference = new Argument<string>("name@generation");
        var file = new Argument<string>("out.raw") { Description = "Raw disk to write; appears only when whole" };
        var command = new Command("export", "Write a generation as a sparse raw disk") { store, reference, file, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var progress = new ProgressLine();
            var opened = StoredReference.OpenExisting(parsed.GetValue(store)!);
            var generation = StoredReference.Find(opened, parsed.GetValue(reference)!);
            await opened.ExportAsync(generation.ManifestDigest, parsed.GetValue(file)!, TimeProvider.System, progress, cancel);
            progress.Finish();
            var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            if (parsed.GetValue(StoreCommand.Json))
            {
                Output.Json(new ExportResult(generation.Name, generation.Number, parsed.GetValue(file)!, generation.ImageBytes, generation.ChunkCount, seconds), StoreJson.Default.ExportResult);
                return;
            }

            Console.Out.WriteLine($"{generation} is in {parsed.GetValue(file)}: {Output.Size(generation.ImageBytes)}.");
        });
        return command;
    }
}
