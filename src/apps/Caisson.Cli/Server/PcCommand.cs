using System.CommandLine;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson pc</c>: the endpoints.</summary>
internal static class PcCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "As `caisson pc list` shows it" };

    public static Command Create() => new("pc", "PCs and hosts")
    {
        List(),
        Show(),
        Change(),
        Revoke(),
    };

    private static Command List()
    {
        var filter = new Option<string?>("--filter") { Description = "Part of the name, person, place or id" };
        var health = new Option<GenerationHealth?>("--health") { Description = "Only those where a generation stands so: OnTrial, Degraded, RolledBack, Stuck or PcFault" };
        var offset = new Option<int>("--offset") { Description = "How many to leave out, for the next page", DefaultValueFactory = _ => 0 };
        var command = new Command("list", "List the PCs, 200 at a time") { filter, health, offset, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var query = parsed.GetValue(filter) is { Length: > 0 } text ? $"&search={Uri.EscapeDataString(text)}" : "";
            query += parsed.GetValue(health) is { } stands ? $"&health={stands}" : "";
            var page = await api.GetAsync($"/api/endpoints?limit=200&offset={parsed.GetValue(offset)}{query}", ApiJson.Default.PageEndpointInfo, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(page, ApiJson.Default.PageEndpointInfo);
                return;
            }

            Output.Table(["ID", "NAME", "ONLINE", "GROUPS", "WORKSPACES"], page.Items.Select(e => (IReadOnlyList<string>)[e.Id, e.HostName, e.Online ? "yes" : "no", string.Join(',', e.Groups), Summary(e)]));
            if (page.Total > page.Items.Count)
            {
                Console.Out.WriteLine($"{page.Items.Count} of {page.Total}; narrow it with --filter, or go on with --offset {page.Offset + page.Items.Count}");
            }
        });
        return command;
    }

    private static string Summary(EndpointInfo endpoint) =>
        string.Join(", ", endpoint.Workspaces.Select(w => w.Report.RunningGeneration is { } generation ? $"{w.Name} {generation} {w.Report.State}" : $"{w.Name} {w.Report.State}"));

    private static Command Show()
    {
        var command = new Command("show", "Everything known of one PC") { Id, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var pc = await api.GetAsync($"/api/endpoints/{Uri.EscapeDataString(parsed.GetValue(Id)!)}", ApiJson.Default.EndpointInfo, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(pc, ApiJson.Default.EndpointInfo);
                return;
            }

            Console.Out.WriteLine($"{pc.HostName} ({pc.Id}), {(pc.Online ? "online" : $"last seen {Output.Time(pc.LastSeenAt)}")}, groups: {string.Join(", ", pc.Groups)}");
            if (pc.Host is { } host)
            {
                Console.Out.WriteLine($"QEMU {host.QemuVersion}, {host.Accelerator}{(string.Equals(host.Accelerator, "tcg", StringComparison.Ordinal) ? " (emulation: slow, and no security boundary)" : "")}, {Output.Size(host.FreeDiskBytes)} free");
            }

            if (pc.Appliance is { } appliance)
            {
                Console.Out.WriteLine(Describe(appliance));
            }

            foreach (var workspace in pc.Workspaces)
            {
                Console.Out.WriteLine(Describe(workspace));
            }
        });
        return command;
    }

    private static string Describe(ApplianceReport appliance) => string.Join(", ", ((string?[])
    [
        appliance.Version is { } version ? $"appliance version {version}{(appliance.OnTrial ? " on trial" : "")}, none below {appliance.Floor}" : "a Linux of its own",
        appliance.Waiting is { } waiting ? $"version {waiting} waits for a restart" : null,
        appliance.ImageBytes > appliance.PresentBytes ? $"generation {appliance.Generation} {100 * appliance.PresentBytes / appliance.ImageBytes} % here" : null,
        appliance.Refused.Count > 0 ? $"failed there: {string.Join("; ", appliance.Refused.Select(r => $"{r.Version} ({r.Reason})"))}" : null,
        appliance.Problem,
    ]).OfType<string>());

    private static string Describe(WorkspaceInfo workspace)
    {
        var report = workspace.Report;
        var ready = report.ImageBytes > 0 ? $", offline-ready {report.PresentBytes * 100 / report.ImageBytes} %" : "";
        var heartbeat = report.LastHeartbeatAt is { } at ? $", heartbeat {Output.Time(at)}" : "";
        return $"  {workspace.Name} ({report.Kind}): {report.State}{(report.RunningGeneration is { } g ? $", generation {g}" : "")}{ready}{heartbeat}{Life(report.Life)}{(report.Problem is { } p ? $"\n    {p}" : "")}";
    }

    private static string Life(GenerationLife? life) => life is null ? "" : life.Health switch
    {
        GenerationHealth.Well => life.UpdateWaitsSince is { } since ? $", an update waits since {Output.Time(since)}" : "",
        GenerationHealth.OnTrial => ", on trial",
        GenerationHealth.RolledBack => $", rolled back to {life.Committed}: generation {life.Refused} failed twice ({life.Failure})",
        GenerationHealth.Stuck => $", nothing to run: generation {life.Refused} failed twice ({life.Failure})",
        GenerationHealth.Degraded => ", degraded: the guest tools are silent",
        _ => $", the PC is at fault: generation {life.Committed} answered before and fails now ({life.Failure})",
    };

    private static Command Change()
    {
        var groups = new Option<string[]?>("--group") { Description = "The groups it shall be in, all of them", AllowMultipleArgumentsPerToken = true };
        var alone = new Option<bool>("--no-groups") { Description = "Take it out of every group" };
        var person = new Option<string?>("--person") { Description = "Whose it is" };
        var place = new Option<string?>("--place") { Description = "Where it is" };
        var fill = new Option<long?>("--fill-bytes-per-second") { Description = "What the background filler may take from the network; 0 is no limit" };
        var command = new Command("change", "Change a PC's groups or limits") { Id, groups, alone, person, place, fill };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var request = new ChangeEndpointRequest
            {
                Groups = parsed.GetValue(alone) ? [] : parsed.GetValue(groups) is { Length: > 0 } named ? named : null,
                Person = parsed.GetValue(person),
                Place = parsed.GetValue(place),
                FillBytesPerSecond = parsed.GetValue(fill),
            };
            await api.SendAsync(HttpMethod.Patch, $"/api/endpoints/{Uri.EscapeDataString(parsed.GetValue(Id)!)}", request, ApiJson.Default.ChangeEndpointRequest, cancel);
        });
        return command;
    }

    private static Command Revoke()
    {
        var command = new Command("revoke", "Refuse this PC from now on; it must be enrolled again") { Id };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            await api.SendAsync(HttpMethod.Post, $"/api/endpoints/{Uri.EscapeDataString(parsed.GetValue(Id)!)}/revoke", new ChangeEndpointRequest(), ApiJson.Default.ChangeEndpointRequest, cancel);
        });
        return command;
    }
}
