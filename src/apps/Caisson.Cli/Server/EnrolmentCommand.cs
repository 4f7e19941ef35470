using System.CommandLine;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson enrolment</c>: tokens for new PCs.</summary>
internal static class EnrolmentCommand
{
    public static Command Create() => new("enrolment", "Tokens that let a new PC in, once")
    {
        Issue(),
        List(),
    };

    private static Command Issue()
    {
        var group = new Option<string?>("--group") { Description = "Group the new PC joins" };
        var minutes = new Option<int>("--valid-minutes") { Description = "1 minute to 30 days", DefaultValueFactory = _ => 60 };
        var command = new Command("create", "Make a token; on the PC: caissond enrol --token-file -") { group, minutes, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var token = await api.SendAsync(
                HttpMethod.Post,
                "/api/enrolment-tokens",
                new CreateEnrolmentTokenRequest { Group = parsed.GetValue(group), ValidMinutes = parsed.GetValue(minutes) },
                ApiJson.Default.CreateEnrolmentTokenRequest,
                ApiJson.Default.EnrolmentTokenCreated,
                cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(token, ApiJson.Default.EnrolmentTokenCreated);
                return;
            }

            Console.Out.WriteLine(token.Token);
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the tokens, without their secrets") { ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var page = await api.GetAsync("/api/enrolment-tokens?limit=200", ApiJson.Default.PageEnrolmentTokenInfo, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(page, ApiJson.Default.PageEnrolmentTokenInfo);
                return;
            }

            Output.Table(
                ["ID", "GROUP", "EXPIRES", "USED", "BY"],
                page.Items.Select(t => (IReadOnlyList<string>)[$"{t.Id}", t.Group ?? "-", Output.Time(t.ExpiresAt), Output.Time(t.UsedAt), t.UsedBy ?? "-"]));
        });
        return command;
    }
}
