using System.Globalization;
using System.Text;
using Caisson.Endpoint.Reports;

namespace Caisson.Endpoint.Verbs;

/// <summary>Reads what the running caissond last wrote; asks nobody.</summary>
internal static class StatusVerb
{
    public static int Run(string dataFolder, bool json)
    {
        var paths = new EndpointPaths(dataFolder);
        var status = LocalStatus.Load(paths) ?? throw new EndpointException($"There is no '{paths.Status}': caissond has not run with this data folder yet. Start it with: caissond run --data {paths.Data}");
        if (json)
        {
            Console.WriteLine(Encoding.UTF8.GetString(status.ToJson()));
            return 0;
        }

        Console.WriteLine($"{status.Endpoint} at {status.Server}{(status.ServerProblem is { } problem ? $" — not reached: {problem}" : "")}");
        Console.WriteLine($"{status.AcceleratorReason}");
        foreach (var workspace in status.Workspaces)
        {
            var generation = workspace.RunningGeneration is { } number ? $"generation {number.ToString(CultureInfo.InvariantCulture)}" : "never started";
            var ready = workspace.ImageBytes == 0 ? "" : workspace.OfflineReady ? ", offline-ready" : $", {(100 * workspace.PresentBytes / workspace.ImageBytes).ToString(CultureInfo.InvariantCulture)} % here";
            Console.WriteLine($"  {workspace.Name,-16} {workspace.Kind,-10} {workspace.State,-14} {generation}{ready}{(workspace.Problem is { } p ? $" — {p}" : "")}");
            foreach (var line in Said(workspace))
            {
                Console.WriteLine($"    {line}");
            }
        }

        foreach (var source in status.Sources)
        {
            Console.WriteLine($"  {(source.Bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture)} MB came from {source.Name}{(source.Rejected > 0 ? $", wrong {source.Rejected.ToString(CultureInfo.InvariantCulture)} times" : "")}");
        }

        return 0;
    }

    private static IEnumerable<string> Said(LocalWorkspace workspace)
    {
        if (workspace.LifeWords is { } words)
        {
            yield return words;
        }

        if (workspace.Notice is { } notice)
        {
            yield return notice;
        }

        if (workspace.Update is { } update)
        {
            var until = update.By is { } by ? $", at the latest at {by.ToLocalTime():yyyy-MM-dd HH:mm}" : "";
            yield return update.Step == "closing"
                ? $"An update waits: generation {update.Generation}. The workspace restarts into it at {update.At?.ToLocalTime():HH:mm}; save your work."
                : $"An update waits: generation {update.Generation}. It starts with the next restart{until}; restart now or later on this PC's page (caissond link).";
        }
    }
}
