using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Caisson.Demo.Hosts;
using Caisson.Protocol.Api;

namespace Caisson.Demo.Steps;

/// <summary>An administrator at a terminal: everything goes through the <c>caisson</c> tool, as a person would type it.</summary>
internal sealed class Administrator
{
    private readonly Host host;
    private readonly Apps apps;
    private readonly Dictionary<string, string> environment;

    private Administrator(Host host, Apps apps, DataFolder data, Uri server)
    {
        this.host = host;
        this.apps = apps;
        environment = new Dictionary<string, string>
        {
            ["CAISSON_SERVER"] = server.ToString(),
            ["CAISSON_TOKEN_FILE"] = data.ApiToken,
            ["XDG_DATA_HOME"] = data.Administrator,
        };
    }

    /// <summary>Signs in once with a token the server makes, and waits for the server to answer.</summary>
    public static async Task<Administrator> SignInAsync(Host serverHost, Host host, Apps apps, DataFolder data, Uri server, CancellationToken cancel)
    {
        if (!File.Exists(data.ApiToken))
        {
            Directory.CreateDirectory(data.Administrator, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var token = await ChildProcess.RunAsync(serverHost, apps.Server("api-token", "--data", data.Server, "--name", "dev-up"), cancel);
            await File.WriteAllTextAsync(data.ApiToken, token.Trim(), cancel);
            File.SetUnixFileMode(data.ApiToken, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var administrator = new Administrator(host, apps, data, server);
        await administrator.DoAsync(cancel, "ping", "--wait", "60");
        return administrator;
    }

    public Task DoAsync(CancellationToken cancel, params string[] arguments) =>
        ChildProcess.RunAsync(host, apps.Tool(arguments), cancel, environment: environment);

    public async Task<T> AskAsync<T>(JsonTypeInfo<T> type, CancellationToken cancel, params string[] arguments)
    {
        var text = await ChildProcess.RunAsync(host, apps.Tool([.. arguments, "--json"]), cancel, environment: environment);
        return JsonSerializer.Deserialize(text, type) ?? throw new InvalidDataException($"caisson {string.Join(' ', arguments)} printed nothing.");
    }

    /// <summary>Whether the server refuses this, and says why.</summary>
    public async Task<string?> RefusalAsync(CancellationToken cancel, params string[] arguments)
    {
        try
        {
            await DoAsync(cancel, arguments);
            return null;
        }
        catch (CommandFailedException e)
        {
            return e.Message;
        }
    }

    /// <summary>Publishes a disk image as generation <paramref name="number"/> and releases it, unless it was done before.</summary>
    public async Task PublishAsync(string image, int number, string file, Progress progress, CancellationToken cancel, bool release = true)
    {
        var images = await AskAsync(ApiJson.Default.PageImageInfo, cancel, "image", "list");
        var known = images.Items.FirstOrDefault(i => string.Equals(i.Name, image, StringComparison.Ordinal));
        if (known?.LatestGeneration >= number)
        {
            // An earlier run may have ended between the two.
            if (release && (known.ReleasedGeneration ?? 0) < number)
            {
                await DoAsync(cancel, "image", "release", string.Create(CultureInfo.InvariantCulture, $"{image}@{number}"));
            }

            return;
        }

        string[] arguments = ["image", "import", image, file, "--format", "raw", .. (string[])(release ? ["--release"] : [])];
        await progress.StepAsync($"Publishing {image} generation {number.ToString(CultureInfo.InvariantCulture)}", _ => DoAsync(cancel, arguments));
    }

    /// <summary>Makes the demonstration's group with its workspaces; what is there already is left alone.</summary>
    public async Task AssignAsync(string group, CancellationToken cancel)
    {
        var groups = await AskAsync(ApiJson.Default.PageGroupInfo, cancel, "group", "list");
        if (!groups.Items.Any(g => string.Equals(g.Name, group, StringComparison.Ordinal)))
        {
            await DoAsync(cancel, "group", "create", group, "--description", "Everybody in the house");
        }

        var assigned = (await AskAsync(ApiJson.Default.PageAssignmentInfo, cancel, "assignment", "list")).Items.Select(a => a.Name).ToHashSet(StringComparer.Ordinal);
        string[][] wanted =
        [
            ["Work", "--image", "work", "--kind", "managed", "--memory", "1536", "--cpus", "2", "--user-gb", "2"],
            ["Personal", "--image", "personal", "--kind", "personal", "--memory", "512", "--cpus", "1"],
            ["Scratch", "--image", "personal", "--kind", "disposable", "--memory", "512", "--cpus", "1", "--no-auto-start"],
        ];
        foreach (var workspace in wanted.Where(w => !assigned.Contains(w[0])))
        {
            await DoAsync(cancel, ["assignment", "create", group, .. workspace]);
        }
    }
}
