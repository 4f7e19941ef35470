using System.CommandLine;
using Caisson.Cli.Server;
using Caisson.Images;

namespace Caisson.Cli.Store;

internal static class ApplyVerb
{
    public static Command Create()
    {
        var from = new Option<string>("--base") { Description = "Raw disk of the generation the delta starts from; only read", Required = true };
        var delta = new Option<string>("--delta") { Description = "File 'caisson store delta' made", Required = true };
        var file = new Option<string>("--out") { Description = "Raw disk to write; appears only when whole", Required = true };
        var command = new Command("apply", "Make the new raw disk from the old one and a delta") { from, delta, file, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var progress = new ProgressLine();
            var target = parsed.GetValue(file)!;
            await RawDelta.ApplyAsync(parsed.GetValue(from)!, parsed.GetValue(delta)!, target, TimeProvider.System, progress, cancel);
            progress.Finish();
            var (bytes, seconds) = (new FileInfo(target).Length, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
            if (parsed.GetValue(StoreCommand.Json))
            {
                Output.Json(new ApplyResult(target, bytes, seconds), StoreJson.Default.ApplyResult);
                return;
            }

            Console.Out.WriteLine($"{target}: {Output.Size(bytes)}.");
        });
        return command;
    }
}
