using System.Globalization;

namespace Caisson.Installing;

/// <summary>What each page says. Plain text by lines; colours and keys are the screen's.</summary>
public static class DialogText
{
    /// <summary>Of an 80-column console without its margins.</summary>
    public const int Columns = 74;

    private const int NameColumns = 13;
    private const int BarColumns = 50;
    private const int MostRows = 9;

    public static IReadOnlyList<DialogLine> Lines(InstallDialog dialog)
    {
        var page = dialog.Page switch
        {
            DialogPage.Hardware => Hardware(dialog),
            DialogPage.Disks => Disks(dialog),
            DialogPage.Mode => Mode(dialog),
            DialogPage.Token => Token(dialog),
            DialogPage.Confirm => Confirm(dialog),
            DialogPage.Working => Working(dialog),
            DialogPage.Done => Done(dialog),
            _ => Failed(dialog),
        };
        IEnumerable<DialogLine> message = dialog is { Message: { } text, Page: not DialogPage.Failed } ? [new(""), .. Wrap(text, Tone.Warning)] : [];
        return [.. page, .. message];
    }

    private static IEnumerable<DialogLine> Hardware(InstallDialog dialog)
    {
        var obstacles = dialog.Obstacles.Count > 0;
        yield return new(obstacles ? "This PC lacks something Caisson needs" : "This PC can run Caisson", Tone.Title);
        yield return new("");
        foreach (var line in dialog.Findings.SelectMany(Finding))
        {
            yield return line;
        }

        yield return new("");
        if (obstacles)
        {
            yield return new($"To install all the same, type anyway:  {dialog.Typed}_", Tone.Typed);
        }
        else
        {
            yield return new("Enter: choose a disk. Nothing is written before you confirm.", Tone.Dim);
        }
    }

    private static IEnumerable<DialogLine> Finding(DialogFinding finding)
    {
        var (mark, tone) = finding.Verdict switch
        {
            "ok" => ("ok", Tone.Good),
            "no" => ("no", Tone.Bad),
            _ => ("less", Tone.Warning),
        };
        var head = finding.Name.PadRight(NameColumns) + mark.PadRight(6);
        return Broken(finding.Reason, Columns - head.Length).Select((line, row) => new DialogLine((row == 0 ? head : new string(' ', head.Length)) + line, row == 0 ? tone : Tone.Dim));
    }

    private static IEnumerable<DialogLine> Disks(InstallDialog dialog)
    {
        yield return new("Which disk?", Tone.Title);
        yield return new("");
        foreach (var (disk, row) in dialog.Disks.Select((disk, row) => (disk, row)))
        {
            var chosen = row == dialog.Selected;
            yield return new((chosen ? "> " : "  ") + DiskText.Of(disk), chosen ? Tone.Chosen : Tone.Plain);
            yield return new("    " + Summary(disk), Tone.Dim);
        }

        if (dialog.Disks.Count == 0)
        {
            yield return new("There is no disk but the medium itself.", Tone.Bad);
        }

        yield return new("");
        yield return new("Up, Down: choose.  Enter: go on.  Escape: back.", Tone.Dim);
    }

    private static string Summary(Disk disk) => DiskContent.Of(disk) switch
    {
        [] => "empty",
        var content => string.Create(CultureInfo.InvariantCulture, $"holds {content.Count} things, the first: {content[0]}"),
    };

    private static IEnumerable<DialogLine> Mode(InstallDialog dialog)
    {
        yield return new($"How on {DiskText.ShortName(dialog.Disk!)}?", Tone.Title);
        yield return new("");
        foreach (var (mode, row, text) in ((InstallMode, int, string)[])[(InstallMode.Erase, 0, "The whole disk"), (InstallMode.Beside, 1, "Beside what is there, in its free space")])
        {
            var chosen = row == dialog.Selected;
            yield return new((chosen ? "> " : "  ") + text, chosen ? Tone.Chosen : Tone.Plain);
            foreach (var line in Wrap(Consequence(dialog, mode), Tone.Dim))
            {
                yield return line with { Text = "    " + line.Text };
            }
        }

        yield return new("");
        yield return new("Up, Down: choose.  Enter: go on.  Escape: back.", Tone.Dim);
    }

    private static string Consequence(InstallDialog dialog, InstallMode mode) => dialog.Outcome(dialog.Disk!, mode) switch
    {
        PlanOutcome.Refused refused => "Not possible. " + refused.Reasons[0],
        PlanOutcome.Planned { Plan: { Mode: InstallMode.Beside } plan } => $"Takes {DiskText.Size(plan.Partitions.Sum(p => p.Extent.Bytes))}; every partition and boot entry stays.",
        PlanOutcome.Planned { Plan.Lost: [] } => "Nothing is on it.",
        PlanOutcome.Planned { Plan: var plan } => $"Everything on it is lost: {plan.Lost.Count} things, listed before you confirm.",
        _ => "",
    };

    private static IEnumerable<DialogLine> Token(InstallDialog dialog)
    {
        yield return new("Enrolment token", Tone.Title);
        yield return new("");
        foreach (var line in Wrap(dialog.MediumToken is null
            ? "The console makes one under \"Enrol a PC\". Without one the PC starts, and waits for the file caisson/token on its EFI partition."
            : "The medium has one; Enter takes it. Another can be typed."))
        {
            yield return line;
        }

        yield return new("");
        yield return new($"Token:  {dialog.Typed}_", Tone.Typed);
        yield return new("");
        yield return new("Enter: go on.  Escape: back.", Tone.Dim);
    }

    private static IEnumerable<DialogLine> Confirm(InstallDialog dialog)
    {
        if (dialog.Outcome(dialog.Disk!, dialog.Mode) is not PlanOutcome.Planned { Plan: var plan })
        {
            yield break;
        }

        var content = plan.Mode is InstallMode.Erase ? plan.Lost : plan.Kept;
        yield return new(plan.Mode is InstallMode.Erase ? $"Erase {DiskText.ShortName(plan.Disk)} and install Caisson?" : $"Install Caisson beside what is on {DiskText.ShortName(plan.Disk)}?", Tone.Title);
        yield return new(DiskText.Of(plan.Disk), Tone.Dim);
        yield return new("");
        yield return new((plan.Mode, content.Count) switch
        {
            (InstallMode.Erase, 0) => "Nothing is on it.",
            (InstallMode.Erase, _) => "These are lost:",
            _ => "These stay as they are:",
        });
        foreach (var line in content.Take(MostRows))
        {
            yield return new("  " + line, plan.Mode is InstallMode.Erase ? Tone.Bad : Tone.Good);
        }

        if (content.Count > MostRows)
        {
            yield return new(string.Create(CultureInfo.InvariantCulture, $"  and {content.Count - MostRows} more"), Tone.Dim);
        }

        yield return new("");
        yield return new($"Type {DiskText.ShortName(plan.Disk)} to begin:  {dialog.Typed}_", Tone.Typed);
        yield return new("Escape: back. Nothing was written yet.", Tone.Dim);
    }

    private static IEnumerable<DialogLine> Working(InstallDialog dialog)
    {
        yield return new($"Installing on {DiskText.ShortName(dialog.Plan!.Disk)}", Tone.Title);
        yield return new("");
        if (dialog.Progress is not { } progress)
        {
            yield break;
        }

        yield return new(progress.Step);
        yield return new("");
        if (progress.TotalBytes > 0)
        {
            var share = Math.Clamp((double)progress.DoneBytes / progress.TotalBytes, 0, 1);
            var full = (int)(share * BarColumns);
            yield return new(new string('#', full) + new string('.', BarColumns - full) + string.Create(CultureInfo.InvariantCulture, $"  {share * 100:0} %"), Tone.Good);
            var left = progress.Left is { } time ? string.Create(CultureInfo.InvariantCulture, $", {time:m\\:ss} left") : "";
            yield return new(progress.BytesPerSecond > 0 ? $"{DiskText.Size(progress.DoneBytes)} of {DiskText.Size(progress.TotalBytes)}, {DiskText.Size((long)progress.BytesPerSecond)}/s{left}" : "", Tone.Dim);
        }

        yield return new("");
        yield return new("If the power goes, start the medium again and repeat.", Tone.Dim);
        if (dialog.Plan.Mode is InstallMode.Beside)
        {
            yield return new("What was on the disk is not touched, and starts as before.", Tone.Dim);
        }
    }

    private static IEnumerable<DialogLine> Done(InstallDialog dialog)
    {
        yield return new("Caisson is installed", Tone.Title);
        yield return new("");
        foreach (var line in (dialog.Plan?.Warnings ?? []).SelectMany(w => Wrap(w, Tone.Warning)).Take(MostRows))
        {
            yield return line;
        }

        yield return new("");
        yield return new("Take the medium out, then press Enter: this PC starts again.", Tone.Good);
    }

    private static IEnumerable<DialogLine> Failed(InstallDialog dialog)
    {
        yield return new(dialog.Plan is null ? "Nothing was installed, and nothing was written" : "The installation stopped", Tone.Title);
        yield return new("");
        foreach (var line in (dialog.Message ?? "").Split('\n').SelectMany(m => Wrap(m, Tone.Bad)))
        {
            yield return line;
        }

        yield return new("");
        yield return new("Enter: start again.", Tone.Dim);
    }

    private static IEnumerable<DialogLine> Wrap(string text, Tone tone = Tone.Plain) => Broken(text, Columns - 4).Select(line => new DialogLine(line, tone));

    /// <summary>At spaces; a word that is longer than a line is cut.</summary>
    private static IEnumerable<string> Broken(string text, int columns)
    {
        while (text.Length > columns)
        {
            var at = text.LastIndexOf(' ', columns);
            at = at <= 0 ? columns : at;
            yield return text[..at];
            text = text[at..].TrimStart();
        }

        yield return text;
    }
}
