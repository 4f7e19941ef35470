using System.CommandLine;
using Caisson.Cli.Server;

namespace Caisson.Cli.Store;

internal static class CheckVerb
{
    private const int Damaged = 4;

    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var command = new Command("check", "Compare every byte of a store with its digest; exit code 4 if any is wrong") { store, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var progress = new ProgressLine();
            var found = await StoredReference.OpenExisting(parsed.GetValue(store)!).CheckAsync(TimeProvider.System, progress, cancel);
            progress.Finish();
            var sound = found.Problems.Count == 0;
            if (parsed.GetValue(StoreCommand.Json))
            {
                var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
                Output.Json(new CheckResult(sound, found.Generations, found.Chunks, found.Blobs, found.Bytes, found.Problems, seconds), StoreJson.Default.CheckResult);
            }
            else
            {
                Console.Out.WriteLine(sound ? $"Sound: {found.Generations} generations, {found.Blobs} blobs, {Output.Size(found.Bytes)}." : string.Join('\n', found.Problems));
            }

            return sound ? 0 : Damaged;
        });
        return command;
    }
}
