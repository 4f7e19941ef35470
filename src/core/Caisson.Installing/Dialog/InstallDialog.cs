namespace Caisson.Installing;

public enum DialogPage
{
    Hardware,
    Disks,
    Mode,
    Token,
    Confirm,
    Working,
    Done,
    Failed,
}

/// <param name="Verdict">ok, degraded or no.</param>
public sealed record DialogFinding(string Name, string Verdict, string Reason);

/// <summary>What is being done, how much, and how long still.</summary>
public sealed record InstallProgress(string Step, long DoneBytes, long TotalBytes, double BytesPerSecond, TimeSpan? Left);

/// <summary>The installer's conversation with a person: a value that a key makes into the next. What it shows is <see cref="DialogText"/>'s.</summary>
public sealed record InstallDialog
{
    public required IReadOnlyList<DialogFinding> Findings { get; init; }

    public required PcFacts Pc { get; init; }

    public required Release Release { get; init; }

    public required PlanIds Ids { get; init; }

    /// <summary>From <c>caisson/token</c> on the medium.</summary>
    public string? MediumToken { get; init; }

    public DialogPage Page { get; init; }

    /// <summary>Line of a list.</summary>
    public int Selected { get; init; }

    public string Typed { get; init; } = "";

    /// <summary>One sentence on why the last key did not lead on.</summary>
    public string? Message { get; init; }

    public bool Anyway { get; init; }

    public Disk? Disk { get; init; }

    public InstallMode Mode { get; init; }

    public string? Token { get; init; }

    /// <summary>The plan that was confirmed; before that nothing is written.</summary>
    public InstallPlan? Plan { get; init; }

    public InstallProgress? Progress { get; init; }

    /// <summary>The person has said that the PC may start again.</summary>
    public bool Restart { get; init; }

    public IReadOnlyList<Disk> Disks => [.. Pc.Disks.Where(d => !d.IsMedium)];

    /// <summary>The disk that was not judged yet is no reason to stop here.</summary>
    public IReadOnlyList<HardwareNote> Obstacles => [.. Pc.Missing.Where(m => m.Name != "disk" || Pc.Disks.All(d => d.IsMedium || d.Bytes < InstallPlanning.SensibleBytes))];

    public PlanOutcome Outcome(Disk disk, InstallMode mode) => InstallPlanning.Decide(
        Pc,
        new Wishes { Disk = new DiskChoice.ByPath(disk.Path), Mode = mode, Despite = Anyway ? [.. Pc.Missing.Select(m => m.Name)] : [] },
        Release,
        Ids);

    public InstallDialog Press(DialogKey key) => key.Kind switch
    {
        KeyKind.Character when TakesText => this with { Typed = Typed + key.Character, Message = null },
        KeyKind.Backspace when TakesText => this with { Typed = Typed is [] ? Typed : Typed[..^1], Message = null },
        KeyKind.Up => this with { Selected = Math.Max(0, Selected - 1), Message = null },
        KeyKind.Down => this with { Selected = Math.Max(0, Math.Min(Choices - 1, Selected + 1)), Message = null },
        KeyKind.Escape => Back(),
        KeyKind.Enter => Enter(),
        _ => this,
    };

    private bool TakesText => Page is DialogPage.Token or DialogPage.Confirm || (Page is DialogPage.Hardware && Obstacles.Count > 0);

    private int Choices => Page switch
    {
        DialogPage.Disks => Disks.Count,
        DialogPage.Mode => 2,
        _ => 0,
    };

    private InstallDialog To(DialogPage page) => this with { Page = page, Selected = 0, Typed = "", Message = null };

    private InstallDialog Back() => Page switch
    {
        DialogPage.Disks => To(DialogPage.Hardware),
        DialogPage.Mode => To(DialogPage.Disks),
        DialogPage.Token => To(DialogPage.Mode),
        DialogPage.Confirm => To(DialogPage.Token),
        _ => this,
    };

    private InstallDialog Enter() => Page switch
    {
        DialogPage.Hardware when Obstacles.Count > 0 && Typed != "anyway" => this with { Message = "Type anyway, then Enter, or switch the PC off." },
        DialogPage.Hardware => To(DialogPage.Disks) with { Anyway = Obstacles.Count > 0 },
        DialogPage.Disks when Selected < Disks.Count => To(DialogPage.Mode) with { Disk = Disks[Selected] },
        DialogPage.Mode => ChooseMode(Selected == 0 ? InstallMode.Erase : InstallMode.Beside),
        DialogPage.Token => To(DialogPage.Confirm) with { Token = Typed.Trim() is { Length: > 0 } typed ? typed : MediumToken },
        DialogPage.Confirm => Confirm(),
        DialogPage.Done or DialogPage.Failed => this with { Restart = true },
        _ => this,
    };

    private InstallDialog ChooseMode(InstallMode mode) => Outcome(Disk!, mode) is PlanOutcome.Refused refused
        ? this with { Message = refused.Reasons[0].ToString() }
        : To(DialogPage.Token) with { Mode = mode };

    private InstallDialog Confirm()
    {
        var name = DiskText.ShortName(Disk!);
        if (Typed.Trim() != name)
        {
            return this with { Message = $"Type {name}, then Enter. Escape goes back; nothing was written yet." };
        }

        return Outcome(Disk!, Mode) is PlanOutcome.Planned planned
            ? To(DialogPage.Working) with { Plan = planned.Plan }
            : To(DialogPage.Mode);
    }
}
