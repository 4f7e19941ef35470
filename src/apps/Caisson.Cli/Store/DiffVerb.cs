using System.CommandLine;
using Caisson.Cli.Server;
using Caisson.Images;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Store;

internal static class DiffVerb
{
    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var from = new Argument<string>("from") { Description = "The generation before, NAME@GEN" };
        var to = new Argument<string>("to") { Description = "The generation after, NAME@GEN" };
        var command = new Command("diff", "Say in words what one generation changed over another: packages, services, accounts, files") { store, from, to, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var progress = new ProgressLine();
            var opened = StoredReference.OpenExisting(parsed.GetValue(store)!);
            var (before, after) = (StoredReference.Find(opened, parsed.GetValue(from)!), StoredReference.Find(opened, parsed.GetValue(to)!));
            var changes = await new ImageComparison(opened, TimeProvider.System, progress).RunAsync(before, after, cancel);
            progress.Finish();
            if (parsed.GetValue(StoreCommand.Json))
            {
                Output.Json(new GenerationComparison { From = $"{before}", To = $"{after}", State = ComparisonState.Ready, Changes = changes }, ApiJson.Default.GenerationComparison);
                return;
            }

            Console.Out.WriteLine(ChangesText.Of(changes));
        });
        return command;
    }
}
