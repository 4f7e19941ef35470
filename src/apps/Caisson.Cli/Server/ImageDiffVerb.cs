using System.CommandLine;
using Caisson.Cli.Store;
using Caisson.Images;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson image diff</c>: the server compares, once for each pair, and keeps the answer.</summary>
internal static class ImageDiffVerb
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var from = new Argument<string>("from") { Description = "The generation before, for example work@3" };
        var to = new Argument<string>("to") { Description = "The generation after, for example work@4" };
        var command = new Command("diff", "Say in words what one generation changed over another: packages, services, accounts, files") { from, to, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var ((fromName, fromNumber), (toName, toNumber)) = (ImageCommand.ParseReference(parsed.GetValue(from)!), ImageCommand.ParseReference(parsed.GetValue(to)!));
            using var api = ConnectionOptions.Connect(parsed);
            var path = $"/api/images/changes?from={Uri.EscapeDataString($"{fromName}@{fromNumber}")}&to={Uri.EscapeDataString($"{toName}@{toNumber}")}";
            var compared = await WaitAsync(api, path, cancel);
            if (compared.State == ComparisonState.Failed)
            {
                throw new ApiException(compared.Problem ?? "The server could not compare them.");
            }

            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(compared, ApiJson.Default.GenerationComparison);
                return;
            }

            Console.Out.WriteLine(ChangesText.Of(compared.Changes!));
        });
        return command;
    }

    private static async Task<GenerationComparison> WaitAsync(ApiConnection api, string path, CancellationToken cancel)
    {
        var progress = new ProgressLine();
        while (true)
        {
            var answer = await api.GetAsync(path, ApiJson.Default.GenerationComparison, cancel);
            if (answer.State != ComparisonState.Pending)
            {
                progress.Finish();
                return answer;
            }

            progress.Report(new ImageProgress("Comparing on the server", 0, 0, 0, null));
            await Task.Delay(Again, TimeProvider.System, cancel);
        }
    }
}
