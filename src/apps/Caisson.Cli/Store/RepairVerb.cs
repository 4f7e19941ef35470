using System.CommandLine;
using Caisson.Cli.Server;

namespace Caisson.Cli.Store;

internal static class RepairVerb
{
    private const int Damaged = 4;

    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var from = new Option<string[]>("--from") { Description = "Where sound copies are: another store's directory, or a registry's repository as http(s)://HOST/NAME. May be repeated; without it only index.json is made anew" };
        var command = new Command("repair", "Put damaged and missing blobs back, verified; exit code 4 if something is left") { store, from, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var progress = new ProgressLine();
            using var sources = RepairSources.Open(parsed.GetValue(from) ?? []);
            var done = await StoredReference.OpenExisting(parsed.GetValue(store)!).RepairAsync(sources.All, [], TimeProvider.System, progress, cancel);
            progress.Finish();
            var isSound = done.Left.Count == 0;
            if (parsed.GetValue(StoreCommand.Json))
            {
                var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
                Output.Json(new RepairedResult(isSound, done.Blobs, done.RepairedBytes, done.Repaired, done.Left, seconds), StoreJson.Default.RepairedResult);
            }
            else
            {
                string[] end = isSound ? [done.Repaired.Count == 0 ? "Nothing was damaged." : "Sound now."] : [];
                Console.Out.WriteLine(string.Join('\n', done.Repaired.Concat(done.Left).Concat(end)));
            }

            return isSound ? 0 : Damaged;
        });
        return command;
    }
}
