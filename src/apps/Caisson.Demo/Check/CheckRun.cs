using Caisson.Demo.Hosts;
using Caisson.Demo.Steps;
using Caisson.Protocol.Api;

namespace Caisson.Demo.Check;

/// <summary>
/// <c>./dev up --check</c>: steps 1 to 7 without a person, on two hosts, and the proof of each. The phases are one file each:
/// <see cref="FirstGeneration"/>, <see cref="Survival"/>, <see cref="SecondGeneration"/>, <see cref="Separation"/>, <see cref="NegativeControl"/>.
/// </summary>
internal sealed class CheckRun(Options options, Apps builtApps, string checkout, Progress progress, TimeProvider time)
{
    private const string Marker = ".caisson-check";
    private readonly DataFolder data = new(options.Data);

    /// <returns>True when every check held.</returns>
    public async Task<bool> RunAsync(CancellationToken cancel)
    {
        var result = new CheckResult { Evidence = data.Evidence };
        try
        {
            await RunPhasesAsync(result, cancel);
        }
        catch (Exception e) when (e is CommandFailedException or TimeoutException or IOException or InvalidOperationException or Microsoft.Playwright.PlaywrightException)
        {
            result.Problem = e.Message;
            result.Checks["ran_to_the_end"] = false;
            progress.Say($"✗ {e.Message}");
        }

        if (Directory.Exists(data.Evidence))
        {
            new Evidence(data.Evidence).KeepResult(result);
        }

        Console.WriteLine(result.ToJson());
        return result.Ok;
    }

    private async Task RunPhasesAsync(CheckResult result, CancellationToken cancel)
    {
        var guests = await GuestImages.BuildAsync(checkout, progress, cancel);
        BeginAfresh();
        await using var hosts = await TwoHosts.CreateAsync(cancel);
        var apps = await LayOutAsync(hosts, cancel);

        var people = new Uri($"http://localhost:{options.Port}");
        var endpoints = new Uri($"https://{TwoHosts.ServerAddress}:{options.EndpointPort}");
        await using var server = await ControlPlane.StartAsync(hosts.Server, apps, data, people, endpoints, cancel);
        var administratorHost = hosts.Server with { UserId = null };
        var administrator = await Administrator.SignInAsync(hosts.Server, administratorHost, apps, data, people, cancel);
        var stage = new CheckStage
        {
            Data = data,
            Hosts = hosts,
            Apps = apps,
            Guests = LendProbe(guests),
            Server = server,
            People = people,
            Administrator = administrator,
            Evidence = new Evidence(data.Evidence),
            Result = result,
            Progress = progress,
            Time = time,
            Access = new AccessLog(data.AccessLog),
        };

        await using var browser = await Browser.OpenAsync(hosts.Server, data.Administrator, people, await ControlPlane.SignInLinkAsync(hosts.Server, apps, data, cancel));
        var first = new FirstGeneration(stage);
        var endpointId = await first.EnrolAsync(cancel);
        await using var killed = stage.StartEndpoint();
        await first.StartAsync(cancel);
        await using var endpoint = await new Survival(stage).RunAsync(killed, cancel);
        await first.SeeAsync(endpointId, browser, cancel);
        await new Separation(stage).RunAsync(endpointId, cancel);
        await new SecondGeneration(stage).RunAsync(endpointId, browser, cancel);
        KeepLogs(stage);
        await new NegativeControl(stage).RunAsync(endpoint, cancel);
    }

    /// <summary>Empties a folder an earlier check made; never anybody else's.</summary>
    private void BeginAfresh()
    {
        if (Directory.Exists(data.Root) && Directory.EnumerateFileSystemEntries(data.Root).Any())
        {
            if (!File.Exists(Path.Combine(data.Root, Marker)))
            {
                throw new IOException($"{data.Root} holds something a check did not put there. Give an empty folder with --data DIR.");
            }

            Directory.Delete(data.Root, recursive: true);
        }

        Directory.CreateDirectory(data.Root);
        File.WriteAllText(Path.Combine(data.Root, Marker), "Made by ./dev up --check, which empties this folder when it begins.\n");
        Directory.CreateDirectory(data.Logs);
    }

    /// <summary>Both hosts' own folders, and a copy of the executables that both may read: a checkout in a home folder is closed to them.</summary>
    private async Task<Apps> LayOutAsync(TwoHosts hosts, CancellationToken cancel)
    {
        const UnixFileMode Passable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(data.Root, Passable);
        await ChildProcess.RunAsync(Host.Here, ["cp", "-a", builtApps.Folder, data.Apps], cancel);
        await ChildProcess.RunAsync(Host.Here, ["chmod", "-R", "a+rX", data.Apps], cancel);
        await Ownership.GiveAsync(hosts.Server, data.Server, cancel);
        await Ownership.GiveAsync(hosts.Endpoint, data.Endpoint, cancel);
        await Ownership.GiveAsync(hosts.Endpoint, data.EndpointRun, cancel);
        return new Apps(data.Apps);
    }

    /// <summary>The PC's user can not read a cache in somebody's home: its probe kernel is copied to where it can.</summary>
    private GuestImages LendProbe(GuestImages guests)
    {
        var (kernel, initrd) = (Path.Combine(data.Apps, "probe-vmlinuz"), Path.Combine(data.Apps, "probe-initrd"));
        File.Copy(guests.TinyKernel, kernel);
        File.Copy(guests.TinyInitrd, initrd);
        foreach (var file in (string[])[kernel, initrd])
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        return guests with { TinyKernel = kernel, TinyInitrd = initrd };
    }

    private void KeepLogs(CheckStage stage)
    {
        foreach (var workspace in (string[])["work", "personal"])
        {
            var folder = Path.Combine(data.Endpoint, "workspaces", workspace, "machine");
            stage.Evidence.KeepFile(Path.Combine(folder, "serial.log"), $"{workspace}-serial.log");
            stage.Evidence.KeepFile(Path.Combine(folder, "serial.previous.log"), $"{workspace}-serial-before.log");
        }

        stage.Evidence.KeepFile(data.AccessLog, "access.jsonl");
        stage.Evidence.KeepFile(Path.Combine(data.Logs, "server.log"), "server.log");
        stage.Evidence.KeepFile(Path.Combine(data.Logs, "caissond.log"), "caissond.log");
    }
}
