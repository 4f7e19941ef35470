using System.CommandLine;
using Caisson.Cli.Server;
using Caisson.Images;

namespace Caisson.Cli.Store;

internal static class ServeVerb
{
    public static Command Create()
    {
        var store = StoreCommand.StoreOption();
        var reference = new Argument<string>("name@generation");
        var socket = new Option<string>("--socket") { Description = "Unix socket to listen on, at most 107 bytes; removed at the end", Required = true };
        var command = new Command("serve", "Serve a generation read-only over NBD until stopped: to mount, inspect or compare it without exporting") { store, reference, socket, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var opened = StoredReference.OpenExisting(parsed.GetValue(store)!);
            var generation = StoredReference.Find(opened, parsed.GetValue(reference)!);
            await using var served = await ServedGeneration.StartAsync(opened, generation, parsed.GetValue(socket)!, sentence => Console.Error.WriteLine($"caisson: {sentence}"), cancel);
            if (parsed.GetValue(StoreCommand.Json))
            {
                Output.Json(new ServeResult(generation.Name, generation.Number, served.Uri, generation.ImageBytes), StoreJson.Default.ServeResult);
            }
            else
            {
                Console.Out.WriteLine(served.Uri);
            }

            // Ctrl-C and SIGTERM are the way it ends, so they are success.
            await Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        return command;
    }
}
