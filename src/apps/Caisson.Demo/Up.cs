using Caisson.Demo.Hosts;
using Caisson.Demo.Steps;
using Caisson.Protocol.Api;

namespace Caisson.Demo;

/// <summary>Steps 1 to 6 for a person: everything on this machine, until Ctrl-C. A second run on the same folder finds its work done.</summary>
internal sealed class Up(Options options, Apps apps, string checkout, Progress progress, TimeProvider time)
{
    private const string Group = "staff";
    private readonly DataFolder data = new(options.Data);

    public async Task RunAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(data.Logs);
        var people = new Uri($"http://localhost:{options.Port}");
        var endpoints = new Uri($"https://localhost:{options.EndpointPort}");
        await using var server = await ControlPlane.StartAsync(Host.Here, apps, data, people, endpoints, cancel);
        var administrator = await SignInAsync(server, people, cancel);
        progress.Say($"Console: {await ControlPlane.SignInLinkAsync(Host.Here, apps, data, cancel)}   (signs you in once)");

        var guests = await GuestImages.BuildAsync(checkout, progress, cancel);
        await administrator.PublishAsync("personal", 1, guests.Personal, progress, cancel);
        await administrator.PublishAsync("work", 1, guests.WorkOne, progress, cancel);
        await administrator.AssignAsync(Group, cancel);
        await EnrolAsync(administrator, cancel);

        await using var endpoint = Endpoint.Start(Host.Here, apps, data.Endpoint, data.EndpointRun, Path.Combine(data.Logs, "caissond.log"), guests, options.Port + 1);
        await WaitForWorkAsync(server, endpoint, cancel);
        progress.Say($"On this PC: {await Endpoint.LinkAsync(Host.Here, apps, data.Endpoint, cancel)}   (Work and Personal, here only)");
        progress.Say("Caisson is up. Ctrl-C stops the machines and ends it.");
        await Task.Delay(Timeout.Infinite, cancel);
    }

    private async Task<Administrator> SignInAsync(ControlPlane server, Uri people, CancellationToken cancel)
    {
        try
        {
            return await Administrator.SignInAsync(Host.Here, Host.Here, apps, data, people, cancel);
        }
        catch (CommandFailedException)
        {
            server.ThrowIfEnded(data);
            throw;
        }
    }

    private async Task EnrolAsync(Administrator administrator, CancellationToken cancel)
    {
        if (!Endpoint.IsEnrolled(data.Endpoint))
        {
            var token = await administrator.AskAsync(ApiJson.Default.EnrolmentTokenCreated, cancel, "enrolment", "create", "--group", Group);
            await Endpoint.EnrolAsync(Host.Here, apps, data.Endpoint, token.Token, cancel);
        }
    }

    private Task WaitForWorkAsync(ControlPlane server, Endpoint endpoint, CancellationToken cancel)
    {
        var since = time.GetUtcNow();
        return progress.StepAsync("Starting Work before its image is here", async report =>
        {
            var watch = new StatusWatch(data.Endpoint, time);
            await watch.UntilAsync(
                status => status.Find("work") is { LastHeartbeatAt: { } at } && at > since,
                TimeSpan.FromMinutes(15),
                cancel,
                status =>
                {
                    server.ThrowIfEnded(data);
                    endpoint.ThrowIfEnded();
                    report(-1, Describe(status));
                });
            progress.Say(AcceleratorSentence());
        });
    }

    private static string Describe(EndpointStatus? status) => status?.Find("work") switch
    {
        null => "waiting for caissond",
        { Problem: { } problem } => problem,
        { ImageBytes: > 0 } work => $"{work.State}, offline-ready {work.PresentBytes * 100 / work.ImageBytes} %",
        var work => $"{work.State}",
    };

    private string AcceleratorSentence() => EndpointStatus.Read(data.Endpoint)?.AcceleratorReason ?? "";
}
