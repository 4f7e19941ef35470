using System.Diagnostics;
using System.Globalization;
using Caisson.Endpoint.Host;
using Caisson.Endpoint.Reports;
using Caisson.Slots;

namespace Caisson.Endpoint.Appliance;

/// <summary>
/// `caissond appliance trial`, as root, once everything has started: watches a new version until it is good or bad. Exit 0 lets systemd bless
/// the boot, and after that the floor is raised; anything else, and its unit starts the PC again. Without another version to go back to there is nothing to try.
/// </summary>
internal static class TrialVerb
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(ApplianceOptions options, TrialLimits limits, TimeProvider time, CancellationToken ct)
    {
        var system = RunningSystem.Find();
        var entries = new Esp(options.Esp).Entries;
        if (entries.Any(e => e.Version == system.Version && e.IsGood) || !entries.Any(e => e.Version != system.Version && !e.IsSpent))
        {
            return 0;
        }

        var version = system.Version.ToString(CultureInfo.InvariantCulture);
        await ChangeAsync(options, state => state with { Running = system.Version, OnTrial = true, Waiting = null }, time, ct);
        ConsoleLine.Say($"version {version} is on trial for {limits.Healthy.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s");
        var (verdict, reason) = await WatchAsync(new EndpointPaths(options.DataFolder), limits, time, ct);
        if (verdict == TrialVerdict.Good)
        {
            ConsoleLine.Say($"version {version} was good for {limits.Healthy.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s and stays");
            return 0;
        }

        await ChangeAsync(options, state => state.With(new RefusedVersion(system.Version, reason!, time.GetUtcNow())), time, ct);
        await SaidAsync("/usr/lib/systemd/systemd-bless-boot", ["bad"], ct);
        ConsoleLine.Say($"version {version} is bad: {reason} Back to the version before");
        return 1;
    }

    private static async Task<(TrialVerdict Verdict, string? Reason)> WatchAsync(EndpointPaths paths, TrialLimits limits, TimeProvider time, CancellationToken ct)
    {
        var began = time.GetTimestamp();
        var (process, since) = ("0", TimeSpan.Zero);
        while (true)
        {
            var elapsed = time.GetElapsedTime(began);
            var now = (await SaidAsync("systemctl", ["show", "-P", "MainPID", "caissond"], ct)).Trim();
            (process, since) = now == process ? (process, since) : (now, elapsed);
            var facts = new TrialFacts
            {
                Elapsed = elapsed,
                CaissondSince = process is "0" or "" ? null : since,
                IsEnrolled = File.Exists(paths.Enrolment),
                HasContact = LocalStatus.Load(paths) is { LastContactAt: not null } status && status.HostBootId == HostProbe.HostBootId,
            };
            if (TrialRule.Judge(facts, limits) is { Verdict: not TrialVerdict.Wait } verdict)
            {
                return verdict;
            }

            await Task.Delay(Look, time, ct);
        }
    }

    private static async Task ChangeAsync(ApplianceOptions options, Func<ApplianceState, ApplianceState> change, TimeProvider time, CancellationToken ct)
    {
        var file = new StateFile(options.StateFolder);
        using var alone = await file.LockAsync(time, ct);
        file.Write(change(file.Read()));
    }

    private static async Task<string> SaidAsync(string program, string[] arguments, CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = await process.StandardOutput.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return process.ExitCode == 0 ? said : throw new EndpointException($"'{program} {string.Join(' ', arguments)}' ended with {process.ExitCode}.");
    }
}
