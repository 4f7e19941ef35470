using System.CommandLine;
using Caisson.Cli.Server;

namespace Caisson.Cli.Store;

internal static class GarbageVerb
{
    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would go" };
        var command = new Command("gc", "Free what no generation needs. Safe beside imports (it waits for them), pushes and readers") { store, dry, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var progress = new ProgressLine();
            var isDry = parsed.GetValue(dry);
            var found = await StoredReference.OpenExisting(parsed.GetValue(store)!).CollectGarbageAsync(isDry, TimeProvider.System, progress, cancel);
            progress.Finish();
            if (parsed.GetValue(StoreCommand.Json))
            {
                var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
                Output.Json(new GarbageCollected(isDry, found.Blobs, found.Bytes, found.KeptBlobs, found.KeptBytes, seconds), StoreJson.Default.GarbageCollected);
                return;
            }

            var kept = found.KeptBlobs == 0 ? "" : $" {found.KeptBlobs} more blobs, {Output.Size(found.KeptBytes)}, are being pushed or read and stay.";
            Console.Out.WriteLine($"{(isDry ? "Would free" : "Freed")} {Output.Size(found.Bytes)}: {found.Blobs} blobs.{kept}");
        });
        return command;
    }
}
