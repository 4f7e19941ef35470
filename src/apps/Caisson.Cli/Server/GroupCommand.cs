using System.CommandLine;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson group</c>: who gets it.</summary>
internal static class GroupCommand
{
    public static Command Create() => new("group", "Groups of PCs")
    {
        List(),
        New(),
    };

    private static Command List()
    {
        var command = new Command("list", "List the groups") { ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var page = await api.GetAsync("/api/groups?limit=500", ApiJson.Default.PageGroupInfo, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(page, ApiJson.Default.PageGroupInfo);
                return;
            }

            Output.Table(["GROUP", "PCS", "WORKSPACES", "DESCRIPTION"], page.Items.Select(g => (IReadOnlyList<string>)[g.Name, $"{g.Endpoints}", $"{g.Assignments}", g.Description]));
        });
        return command;
    }

    private static Command New()
    {
        var name = new Argument<string>("name") { Description = "1 to 40 of [a-z0-9-]" };
        var description = new Option<string>("--description") { Description = "What the group is for", DefaultValueFactory = _ => "" };
        var command = new Command("create", "Make a group") { name, description };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            await api.SendAsync(HttpMethod.Post, "/api/groups", new CreateGroupRequest(parsed.GetValue(name)!, parsed.GetValue(description)), ApiJson.Default.CreateGroupRequest, cancel);
        });
        return command;
    }
}
