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
        Appliance(),
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

            Output.Table(["GROUP", "PCS", "WORKSPACES", "APPLIANCE", "DESCRIPTION"], page.Items.Select(g => (IReadOnlyList<string>)[g.Name, $"{g.Endpoints}", $"{g.Assignments}", g.Appliance ?? "-", g.Description]));
        });
        return command;
    }

    private static Command Appliance()
    {
        var name = new Argument<string>("name") { Description = "The group" };
        var image = new Option<string?>("--image") { Description = "Its PCs take the newest released generation of this image as their system, at their next restart" };
        var none = new Option<bool>("--none") { Description = "Its PCs keep the system they have" };
        var command = new Command("appliance", "Say which appliance a group's PCs run under their workspaces") { name, image, none };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(none) == (parsed.GetValue(image) is not null))
            {
                parsed.AddError("Give either --image NAME or --none.");
            }
        });
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            await api.SendAsync(HttpMethod.Put, $"/api/groups/{Uri.EscapeDataString(parsed.GetValue(name)!)}/appliance", new SetGroupApplianceRequest(parsed.GetValue(image)), ApiJson.Default.SetGroupApplianceRequest, cancel);
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
