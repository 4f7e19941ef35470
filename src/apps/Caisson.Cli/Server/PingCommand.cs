using System.CommandLine;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson ping</c>: is the server there, and which is it?</summary>
internal static class PingCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public static Command Create()
    {
        var wait = new Option<int>("--wait") { Description = "Seconds to wait for the server to come up", DefaultValueFactory = _ => 0 };
        var command = new Command("ping", "Ask the server who it is") { wait, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var server = await AskAsync(api, TimeSpan.FromSeconds(parsed.GetValue(wait)), cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(server, ApiJson.Default.ServerInfo);
                return;
            }

            Console.Out.WriteLine($"Caisson {server.Version} at {server.Url}; PCs reach it at {server.EndpointUrl}");
        });
        return command;
    }

    private static async Task<ServerInfo> AskAsync(ApiConnection api, TimeSpan patience, CancellationToken cancel)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await api.GetAsync("/api/server", ApiJson.Default.ServerInfo, cancel);
            }
            catch (HttpRequestException) when (TimeProvider.System.GetElapsedTime(started) < patience)
            {
                // A server that is starting refuses the connection; there is no event to wait for on this side of it.
                await Task.Delay(Pause, TimeProvider.System, cancel);
            }
        }
    }
}
