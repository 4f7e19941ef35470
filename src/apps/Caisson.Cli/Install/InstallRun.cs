using System.Text.Json;
using Caisson.Installing;

namespace Caisson.Cli.Install;

/// <summary>One start of the installer: by the file on the medium where there is one, else by the person at the PC.</summary>
internal sealed class InstallRun(TimeProvider time)
{
    private const string WishesName = "caisson/install.json";
    private const string ResultName = "caisson/install-result.json";

    private readonly TextScreen _screen = new();

    public async Task RunAsync(CancellationToken cancel)
    {
        var medium = await Medium.OpenAsync(cancel);
        var (pc, findings) = await DiskReader.ReadAsync(medium, cancel);
        var dialog = new InstallDialog { Findings = findings, Pc = pc, Release = medium.Release, Ids = PlanIds.Random(), MediumToken = Medium.Line("caisson/token") };
        if (Medium.Line(WishesName) is { } json)
        {
            await ByFileAsync(medium, dialog, json, cancel);
        }
        else
        {
            SerialConsole.Say("waiting for the person at the screen");
            await ByPersonAsync(medium, dialog, cancel);
        }
    }

    private async Task ByPersonAsync(Medium medium, InstallDialog dialog, CancellationToken cancel)
    {
        dialog = await AskAsync(dialog, cancel);
        if (dialog.Plan is { } plan)
        {
            var reasons = await CarryOutAsync(medium, dialog, plan, dialog.Token, null, cancel);
            SayEnd(plan, medium, reasons);
            TextScreen.ForgetKeys();
            await AskAsync(Ended(dialog, reasons), cancel);
        }

        await SystemTool.RunAsync("systemctl", ["reboot"], cancel);
    }

    /// <summary>Until there is a plan, or nothing more to say.</summary>
    private async Task<InstallDialog> AskAsync(InstallDialog dialog, CancellationToken cancel)
    {
        while (dialog is { Page: not DialogPage.Working, Restart: false })
        {
            _screen.Show(dialog);
            if (await TextScreen.ReadAsync(cancel) is { } key)
            {
                dialog = dialog.Press(key);
            }
        }

        return dialog;
    }

    private async Task ByFileAsync(Medium medium, InstallDialog dialog, string json, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        var (file, wrong) = WishesFile.Parse(json);
        var outcome = file is null ? new PlanOutcome.Refused([wrong!]) : InstallPlanning.Decide(dialog.Pc, file.Wishes, medium.Release, dialog.Ids);
        var plan = (outcome as PlanOutcome.Planned)?.Plan;
        IReadOnlyList<string> reasons = outcome is PlanOutcome.Refused refused ? [.. refused.Reasons.Select(r => r.ToString())] : [];
        foreach (var warning in plan?.Warnings ?? [])
        {
            SerialConsole.Say($"warning: {warning}");
        }

        if (plan is not null)
        {
            dialog = dialog with { Plan = plan, Page = DialogPage.Working };
            reasons = await CarryOutAsync(medium, dialog, plan, file!.Token ?? dialog.MediumToken, file.Network, cancel);
        }

        var verdict = (plan, reasons) switch
        {
            (null, _) => InstallVerdict.Refused,
            (_, []) => InstallVerdict.Installed,
            _ => InstallVerdict.Failed,
        };
        var result = new InstallResult(verdict, plan?.Disk.Path, plan?.Disk.Serial, plan?.Mode, medium.Release.Version, reasons, plan?.Warnings ?? [], Math.Round(time.GetElapsedTime(began).TotalSeconds, 1));
        await LeaveResultAsync(result, cancel);
        SayEnd(plan, medium, reasons);
        if (verdict is InstallVerdict.Installed)
        {
            await SystemTool.RunAsync("systemctl", [file!.End is InstallEnd.Restart ? "reboot" : "poweroff"], cancel);
            return;
        }

        SerialConsole.Say("nobody is asked again; Enter starts this PC again");
        await AskAsync(Ended(dialog, reasons), cancel);
        await SystemTool.RunAsync("systemctl", ["reboot"], cancel);
    }

    /// <summary>A medium that cannot be written is no reason to begin again, which is what a failed start of the installer leads to.</summary>
    private static async Task LeaveResultAsync(InstallResult result, CancellationToken cancel)
    {
        try
        {
            await Medium.WriteAsync(ResultName, result.ToJson(), cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            SerialConsole.Say($"the result could not be left on the medium: {e.Message}");
        }
    }

    private static void SayEnd(InstallPlan? plan, Medium medium, IReadOnlyList<string> reasons)
    {
        foreach (var reason in reasons)
        {
            SerialConsole.Say($"{(plan is null ? "refused" : "failed")}: {reason}");
        }

        if (plan is not null && reasons is [])
        {
            SerialConsole.Say($"done, Caisson {medium.Release.Version} is on {DiskText.Of(plan.Disk)}");
        }
    }

    private static InstallDialog Ended(InstallDialog dialog, IReadOnlyList<string> reasons) =>
        reasons is [] ? dialog with { Page = DialogPage.Done } : dialog with { Page = DialogPage.Failed, Message = string.Join('\n', reasons) };

    /// <returns>Why it did not come to its end; nothing when it did.</returns>
    private async Task<IReadOnlyList<string>> CarryOutAsync(Medium medium, InstallDialog dialog, InstallPlan plan, string? token, string? network, CancellationToken cancel)
    {
        var step = "";
        void Tell(InstallProgress progress)
        {
            _screen.Show(dialog with { Progress = progress });
            if (progress.Step != step)
            {
                step = progress.Step;
                SerialConsole.Say(step);
            }
        }

        try
        {
            if (network is not null && !File.Exists(Medium.File(network)))
            {
                return [$"The medium has no file {network}; nothing was written."];
            }

            var (now, _) = await DiskReader.ReadAsync(medium, cancel);
            if (now.Disks.FirstOrDefault(d => d.Path == plan.Disk.Path) is not { } disk || !IsSame(disk, plan.Disk))
            {
                return [$"{DiskText.Of(plan.Disk)} is not what it was a moment ago; nothing was written. Start again."];
            }

            await new Installation(medium, plan, time, Tell).RunAsync(token, network, cancel);
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException)
        {
            return [e.Message];
        }
    }

    private static bool IsSame(Disk one, Disk other) =>
        (one.Bytes, one.Serial, one.Table) == (other.Bytes, other.Serial, other.Table) && one.Partitions.SequenceEqual(other.Partitions) && one.Signatures.SequenceEqual(other.Signatures);
}
