using Caisson.Endpoint.Appliance;
using Caisson.Endpoint.Host;
using Caisson.Endpoint.Identity;
using Caisson.Endpoint.LocalPage;
using Caisson.Endpoint.Orders;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Reports;
using Caisson.Endpoint.Server;
using Caisson.Endpoint.Shelf;
using Caisson.Endpoint.Sources;
using Caisson.Endpoint.Verbs;
using Caisson.Machines;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint;

/// <summary>
/// caissond put together. Order matters at start: the lock, then the disks of machines that still run, then those machines, then the network.
/// A loop that fails ends the process: state is on disk, the machines go on, and systemd starts it again.
/// </summary>
internal static class EndpointProcess
{
    public static async Task<int> RunAsync(RunOptions options, TimeProvider time, ILoggerFactory logs, Action ready, CancellationToken ct)
    {
        var log = logs.CreateLogger("caissond");
        var paths = new EndpointPaths(options.DataFolder, options.RunFolder);
        paths.Create();
        using var single = TakeLock(paths);
        var enrolment = Enrolment.Load(paths) ?? throw new EndpointException($"This PC is not enrolled. Give it a token with: caissond enrol --data {paths.Data}");
        var accelerator = await HostProbe.AcceleratorAsync(paths, options.Probe ?? ProbeKernel.OfHost(), time, ct);
        var capabilities = await QemuCapabilities.DetectAsync(accelerator.Accelerator, ct);
        Announce(log, enrolment, accelerator, capabilities);

        var wake = new Signal();
        var changed = new Signal(also: wake);
        var filling = new FillControl(paths, time);
        using var link = new ServerLink(paths, enrolment, time, log);
        var store = new DesiredStateStore(paths, enrolment);
        using var sources = new ImageSources(options.Sources, link, time, log);
        await using var shelf = new ImageShelf(paths, sources.Of, time, log, () => filling.BytesPerSecond, changed);
        var host = new MachineHost(paths, capabilities, shelf, options.Firmware, NetworkMode.None, time);
        var appliance = new ApplianceImage(paths, options.ApplianceState, shelf, log);
        var workspaces = new ReconcileLoop(paths, shelf, appliance, host, wake, changed, time, log);
        shelf.IsStarting = digest => workspaces.Owners.Any(o => o.IsStartingFrom(digest));
        await workspaces.TakeUpAsync(ct);

        var clock = new ServerClock(time);
        var ledger = new OrderLedger(paths);
        var desk = new OrderDesk(workspaces, filling, ledger, link, clock, changed, time, log);
        var poller = new DesiredStatePoller(link, store, clock, time, log);
        var thumbnails = new Thumbnails(workspaces, link, time, log);
        var reports = new ReportLoop(paths, workspaces, ledger, new EvidenceSender(workspaces, link, log), link, store, poller, accelerator, capabilities, changed, time, log) { Sources = () => sources.Totals, Appliance = appliance.Report };
        if (store.LoadLast() is { } last)
        {
            Want(last); // Offline, the PC works from what it knew.
        }

        void Want(DesiredState state)
        {
            filling.Want(state);
            sources.Want(state.Sources);
            workspaces.Want(state);
        }

        void Arrived(PollResult poll)
        {
            Want(poll.State);
            thumbnails.IsWatched = poll.IsWatched;
            desk.Take(poll.State, ct);
        }

        var power = options.PageSocket is null ? null : new PowerSwitch(paths.Run, () => workspaces.Owners, changed);
        var content = LocalPageContent.Of(reports, workspaces, power);
        reports.Pc = () => power is null ? null : PcFacts.Read() with { Closing = power.Closing };
        await using var page = options.PageSocket is { } socket ? await LocalServer.StartAsync(socket, content, log, ct) : await LocalServer.StartAsync(paths, options.LocalPort, content, log, ct);
        reports.LocalPort = page.Port;
        reports.WriteStatus();
        ready();
        await RunLoopsAsync(ct, workspaces.RunAsync, t => poller.RunAsync(Arrived, reports.Polled, t), reports.RunAsync, thumbnails.RunAsync, new ShelfLoop(workspaces, shelf, link, time, log).RunAsync, new ScrubLoop(shelf, time, log).RunAsync);

        if (options.LeaveRunning)
        {
            Log.LeavingRunning(log);
        }
        else
        {
            await workspaces.StopAllAsync();
        }

        await workspaces.LetGoAsync();
        reports.LocalPort = 0;
        reports.WriteStatus();
        return 0;
    }

    /// <summary>Runs until told to leave; a loop that fails takes the others down and is thrown on.</summary>
    private static async Task RunLoopsAsync(CancellationToken ct, params Func<CancellationToken, Task>[] loops)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct); // SIGTERM, or the first loop that fails
        var running = loops.Select(loop => loop(ending.Token)).ToList();
        var first = await Task.WhenAny(running);
        await ending.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!ct.IsCancellationRequested)
        {
            await first;
        }
    }

    private static void Announce(ILogger log, Enrolment enrolment, AcceleratorChoice accelerator, QemuCapabilities capabilities)
    {
        Log.Started(log, HostProbe.Version, enrolment.Endpoint.Value, enrolment.Url, capabilities.Version.ToString());
        if (accelerator.Accelerator == Accelerator.Kvm)
        {
            Log.Accelerator(log, "kvm", accelerator.Reason);
        }
        else
        {
            Log.NoKvm(log, "tcg", accelerator.Reason);
        }

        if (!Machine.HoldsLimits)
        {
            Log.NoLimits(log);
        }
    }

    /// <summary>One caissond per data folder; the kernel frees the lock whatever way the process ends.</summary>
    private static FileStream TakeLock(EndpointPaths paths)
    {
        try
        {
            return new FileStream(paths.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new EndpointException($"Another caissond already runs with '{paths.Data}'. Stop it first, or give another folder with --data.", e);
        }
    }
}
