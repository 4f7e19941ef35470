using System.CommandLine;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson assign</c>: which workspaces the PCs of a group have.</summary>
internal static class AssignmentCommand
{
    public static Command Create() => new("assignment", "Workspaces that the PCs of a group have")
    {
        List(),
        Assign(),
        Remove(),
    };

    private static Command List()
    {
        var command = new Command("list", "List the assignments") { ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var page = await api.GetAsync("/api/assignments?limit=500", ApiJson.Default.PageAssignmentInfo, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(page, ApiJson.Default.PageAssignmentInfo);
                return;
            }

            Output.Table(
                ["ID", "GROUP", "WORKSPACE", "KIND", "IMAGE", "TRACK", "MEMORY", "CPUS"],
                page.Items.Select(a => (IReadOnlyList<string>)[$"{a.Id}", a.Group, a.Name, $"{a.Kind}", a.Image, $"{a.Track}", $"{a.MemoryMiB} MiB", $"{a.Cpus}"]));
        });
        return command;
    }

    private static Command Assign()
    {
        var group = new Argument<string>("group") { Description = "Whose PCs get it" };
        var name = new Argument<string>("name") { Description = "What the user sees, for example Work" };
        var image = new Option<string>("--image") { Description = "Master image", Required = true };
        var workspace = new Option<string?>("--workspace") { Description = "Id on the PC; the name in lower case unless given" };
        var kind = new Option<WorkspaceKind>("--kind") { Description = "managed, personal or disposable", DefaultValueFactory = _ => WorkspaceKind.Managed };
        var track = new Option<AssignmentTrack>("--track") { Description = "released, or test to have generations under test too", DefaultValueFactory = _ => AssignmentTrack.Released };
        var memory = new Option<int>("--memory") { Description = "MiB", DefaultValueFactory = _ => 2048 };
        var cpus = new Option<int>("--cpus") { DefaultValueFactory = _ => 2 };
        var user = new Option<int>("--user-gb") { Description = "Size of the user volume in GB; 0 is none", DefaultValueFactory = _ => 0 };
        var manual = new Option<bool>("--no-auto-start") { Description = "Start only on the user's or an administrator's word" };
        var command = new Command("create", "Give the PCs of a group a workspace") { group, name, image, workspace, kind, track, memory, cpus, user, manual };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var request = new CreateAssignmentRequest
            {
                Group = parsed.GetValue(group)!,
                Name = parsed.GetValue(name)!,
                Workspace = parsed.GetValue(workspace) ?? parsed.GetValue(name)!.ToLowerInvariant(),
                Kind = parsed.GetValue(kind),
                Image = parsed.GetValue(image)!,
                Track = parsed.GetValue(track),
                MemoryMiB = parsed.GetValue(memory),
                Cpus = parsed.GetValue(cpus),
                UserVolumeBytes = parsed.GetValue(user) * 1_000_000_000L / 4096 * 4096,
                AutoStart = !parsed.GetValue(manual),
            };
            await api.SendAsync(HttpMethod.Post, "/api/assignments", request, ApiJson.Default.CreateAssignmentRequest, cancel);
        });
        return command;
    }

    private static Command Remove()
    {
        var id = new Argument<int>("id") { Description = "As `caisson assignment list` shows it" };
        var command = new Command("remove", "Take a workspace from a group; the PCs stop it and keep its data") { id };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            await api.DeleteAsync($"/api/assignments/{parsed.GetValue(id)}", cancel);
        });
        return command;
    }
}
