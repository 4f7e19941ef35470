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
        Change(),
        RollBack(),
        Follow(),
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
                ["ID", "GROUP", "WORKSPACE", "KIND", "IMAGE", "GENERATION", "TRACK", "UPDATES", "MEMORY", "CPUS"],
                page.Items.Select(a => (IReadOnlyList<string>)[$"{a.Id}", a.Group, a.Name, $"{a.Kind}", a.Image, Generation(a), $"{a.Track}", a.UpdateWithinHours is { } hours ? $"within {hours} h" : "at restart", $"{a.MemoryMiB} MiB", $"{a.Cpus}"]));
        });
        return command;
    }

    private static string Generation(AssignmentInfo assignment) => (assignment.Generation, assignment.HeldAt) switch
    {
        (null, _) => "none",
        ({ } number, null) => $"{number}",
        ({ } number, _) => $"{number}, rolled back",
    };

    private static Command Change()
    {
        var id = new Argument<int>("id") { Description = "As `caisson assignment list` shows it" };
        var within = new Option<int?>("--update-within") { Description = "Hours an update may wait for a restart, 1 to 720; 0 is for ever", HelpName = "HOURS" };
        var keep = new Option<int?>("--keep") { Description = "Older generations kept on each PC, 0 to 20", HelpName = "N" };
        var answer = new Option<int?>("--answer-within") { Description = "Seconds of running in which a started guest must answer, 30 to 7200", HelpName = "SECONDS" };
        var command = new Command("change", "Change how the PCs take updates") { id, within, keep, answer };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var request = new ChangeAssignmentRequest { UpdateWithinHours = parsed.GetValue(within), KeepGenerations = parsed.GetValue(keep), AnswerWithinSeconds = parsed.GetValue(answer) };
            await api.SendAsync(HttpMethod.Patch, $"/api/assignments/{parsed.GetValue(id)}", request, ApiJson.Default.ChangeAssignmentRequest, cancel);
        });
        return command;
    }

    private static Command RollBack()
    {
        var id = new Argument<int>("id") { Description = "As `caisson assignment list` shows it" };
        var to = new Option<int>("--to") { Description = "An older released generation", Required = true, HelpName = "N" };
        var yes = new Option<bool>("--yes") { Description = "Do it; without this only what it would hit is said" };
        var command = new Command("rollback", "Go back to an older generation and stay there; PCs that kept it need no download") { id, to, yes, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var (assignment, number) = (parsed.GetValue(id), parsed.GetValue(to));
            var hit = await api.GetAsync($"/api/assignments/{assignment}/rollback?to={number}", ApiJson.Default.RollbackPreview, cancel);
            if (parsed.GetValue(yes))
            {
                await api.SendAsync(HttpMethod.Put, $"/api/assignments/{assignment}/generation", new HoldAssignmentRequest(number), ApiJson.Default.HoldAssignmentRequest, cancel);
            }

            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(hit, ApiJson.Default.RollbackPreview);
                return;
            }

            var names = hit.Names.Count == 0 ? "" : $" ({string.Join(", ", hit.Names)}{(hit.Pcs > hit.Names.Count ? ", …" : "")})";
            Console.Out.WriteLine($"{hit.Pcs} PCs{names}: {hit.HaveIt} have generation {number} on their disk, {hit.Pcs - hit.HaveIt} download it; {hit.Running} run another one until their next restart.");
            Console.Out.WriteLine(parsed.GetValue(yes)
                ? $"Rolled back. Undo with: caisson assignment follow {assignment}"
                : $"Nothing was changed. To do it: caisson assignment rollback {assignment} --to {number} --yes");
        });
        return command;
    }

    private static Command Follow()
    {
        var id = new Argument<int>("id") { Description = "As `caisson assignment list` shows it" };
        var command = new Command("follow", "Follow the newest generation again, after a rollback") { id };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            await api.SendAsync(HttpMethod.Put, $"/api/assignments/{parsed.GetValue(id)}/generation", new HoldAssignmentRequest(null), ApiJson.Default.HoldAssignmentRequest, cancel);
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
