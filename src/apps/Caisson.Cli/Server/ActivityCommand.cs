using System.CommandLine;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson activity</c>: who did what.</summary>
internal static class ActivityCommand
{
    public static Command Create()
    {
        var limit = new Option<int>("--limit") { Description = "How many, newest first", DefaultValueFactory = _ => 50 };
        var command = new Command("activity", "Who did what, and what changed by itself") { limit, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var page = await api.GetAsync($"/api/activity?limit={parsed.GetValue(limit)}", ApiJson.Default.PageActivityInfo, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(page, ApiJson.Default.PageActivityInfo);
                return;
            }

            Output.Table(["WHEN", "WHO", "WHAT"], page.Items.Select(a => (IReadOnlyList<string>)[Output.Time(a.At), a.Actor, a.Text]));
        });
        return command;
    }
}
