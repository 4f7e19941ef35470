using System.CommandLine;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson workspace</c>: orders for one workspace of one PC, and its picture.</summary>
internal static class WorkspaceCommand
{
    private static readonly Argument<string> Pc = new("pc") { Description = "As `caisson pc list` shows it" };
    private static readonly Argument<string> Workspace = new("workspace") { Description = "Its id on the PC, for example work" };

    public static Command Create() => new("workspace", "One workspace of one PC")
    {
        Send("start", "Start it", OrderKind.Start),
        Send("stop", "Ask the guest to shut down", OrderKind.Stop),
        Send("restart", "Stop and start; a prepared generation is used", OrderKind.Restart),
        Send("suspend", "Write its memory to the PC's disk and end it", OrderKind.Suspend),
        Send("resume", "Go on where it was suspended; an ordinary start if it was not", OrderKind.Start),
        Send("try-again", "Forget that its generation failed on this PC; the next start uses it again", OrderKind.TryAgain),
        Send("capture", "Ask the PC for a fresh picture of the screen", OrderKind.Screenshot),
        Send("pause-filling", "Fetch no disk images in the background on its PC until told to go on", OrderKind.PauseFilling),
        Send("resume-filling", "Let its PC fetch in the background again", OrderKind.ResumeFilling),
        Screenshot(),
        Display(),
        Evidence(),
        Orders(),
    };

    private static Command Send(string verb, string description, OrderKind kind)
    {
        var command = new Command(verb, description) { Pc, Workspace, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var order = await api.SendAsync(
                HttpMethod.Post,
                $"/api/endpoints/{Uri.EscapeDataString(parsed.GetValue(Pc)!)}/orders",
                new CreateOrderRequest(parsed.GetValue(Workspace)!, kind),
                ApiJson.Default.CreateOrderRequest,
                ApiJson.Default.OrderInfo,
                cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(order, ApiJson.Default.OrderInfo);
                return;
            }

            Console.Out.WriteLine($"Ordered; see `caisson workspace orders {order.Endpoint}`.");
        });
        return command;
    }

    private static Command Screenshot()
    {
        var file = new Argument<string>("file") { Description = "PNG file to write" };
        var command = new Command("screenshot", "Write the newest picture of a managed workspace to a file") { Pc, Workspace, file };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var png = await api.GetBytesAsync($"{Path(parsed)}/screenshot", cancel);
            await File.WriteAllBytesAsync(parsed.GetValue(file)!, png, cancel);
        });
        return command;
    }

    private static Command Display()
    {
        var command = new Command("display", "Open the display stream; prints the gateway's single-use address for a VNC client that speaks WebSocket") { Pc, Workspace, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var opened = await api.SendAsync(HttpMethod.Post, $"{Path(parsed)}/display", ApiJson.Default.DisplayOpened, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(opened, ApiJson.Default.DisplayOpened);
                return;
            }

            Console.Out.WriteLine(new Uri(api.Http.BaseAddress!, opened.Path));
        });
        return command;
    }

    private static Command Evidence()
    {
        var id = new Option<string?>("--id") { Description = "One of them; the newest unless given", HelpName = "ID" };
        var screen = new Option<string?>("--screen") { Description = "Write its picture to this PNG file", HelpName = "FILE" };
        var serial = new Option<string?>("--serial") { Description = "Write the end of its serial log to this file", HelpName = "FILE" };
        var command = new Command("evidence", "What was seen of starts that failed: why, the screen, the serial log") { Pc, Workspace, id, screen, serial, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var page = await api.GetAsync($"{Path(parsed)}/evidence", ApiJson.Default.PageEvidenceInfo, cancel);
            var wanted = parsed.GetValue(id) ?? (page.Items.Count > 0 ? page.Items[0].Evidence.Id : null);
            foreach (var (file, what) in ((string?, string)[])[(parsed.GetValue(screen), "screen"), (parsed.GetValue(serial), "serial")])
            {
                if (file is not null)
                {
                    await File.WriteAllBytesAsync(file, await api.GetBytesAsync($"{Path(parsed)}/evidence/{Uri.EscapeDataString(wanted ?? "none")}/{what}", cancel), cancel);
                }
            }

            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(page, ApiJson.Default.PageEvidenceInfo);
                return;
            }

            Output.Table(
                ["ID", "WHEN", "GENERATION", "SCREEN", "SERIAL", "WHAT"],
                page.Items.Select(e => (IReadOnlyList<string>)[e.Evidence.Id, Output.Time(e.Evidence.At), $"{e.Evidence.Generation}", e.HasScreen ? "yes" : "no", e.HasSerial ? "yes" : "no", e.Evidence.Text]));
        });
        return command;
    }

    private static Command Orders()
    {
        var command = new Command("orders", "What was asked of a PC, and what it answered") { Pc, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var page = await api.GetAsync($"/api/endpoints/{Uri.EscapeDataString(parsed.GetValue(Pc)!)}/orders?limit=100", ApiJson.Default.PageOrderInfo, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(page, ApiJson.Default.PageOrderInfo);
                return;
            }

            Output.Table(
                ["WHEN", "WORKSPACE", "ORDER", "OUTCOME", "REASON"],
                page.Items.Select(o => (IReadOnlyList<string>)[Output.Time(o.CreatedAt), o.Workspace, $"{o.Kind}", o.Outcome is { } outcome ? $"{outcome}" : "waiting", o.Reason ?? ""]));
        });
        return command;
    }

    private static string Path(ParseResult parsed) =>
        $"/api/endpoints/{Uri.EscapeDataString(parsed.GetValue(Pc)!)}/workspaces/{Uri.EscapeDataString(parsed.GetValue(Workspace)!)}";
}
