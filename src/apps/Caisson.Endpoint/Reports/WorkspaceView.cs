using Caisson.Endpoint.Reconcile;
using Caisson.Images;
using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reports;

/// <summary>Everything this PC knows of one workspace at one moment. The local status shows it all; a report shows what the kind allows.</summary>
internal sealed record WorkspaceView
{
    public required WorkspaceRecord Record { get; init; }

    public required MachineStatus Machine { get; init; }

    /// <summary>What the server wants of it; null when it wants it no more, or as another kind.</summary>
    public DesiredWorkspace? Wanted { get; init; }

    /// <summary>What is to be said of a waiting update; null when none waits.</summary>
    public UpdateStep? Update { get; init; }

    /// <summary>What was seen of failed starts, newest first.</summary>
    public IReadOnlyList<KeptEvidence> Evidence { get; init; } = [];

    /// <summary>Number of the generation on this disk, whole, that the next start uses.</summary>
    public int? PreparedGeneration { get; init; }

    /// <summary>The image on its way: the new generation's, or else the running one's.</summary>
    public FillStatus? Fill { get; init; }

    public string? Problem { get; init; }

    /// <summary>How the generations stand; null before the first start, and of a personal workspace.</summary>
    public GenerationLife? Life => Record.Kind == WorkspaceKind.Personal || Record.Life.Attempt is null ? null : new GenerationLife
    {
        Health = LifeRule.Health(Record.Life, Wanted?.Generation),
        Committed = Record.Life.Good?.Number,
        Kept = [.. Record.Life.Kept.Select(g => g.Number)],
        Refused = Wanted is { } wanted && Record.Life.IsRefused(wanted.Generation) ? wanted.Generation.Number : null,
        Failure = Record.Life.FailureOf(Record.Life.IsPcFault ? Record.Life.Good : Wanted?.Generation),
        UpdateWaitsSince = Record.Update?.Since,
        UpdateBy = Record.Update is { } wait ? UpdateRule.Deadline(wait, UpdateWithin) : null,
        Evidence = [.. Evidence.Select(e => e.About)],
    };

    /// <summary>The same for the person at the PC; null while all is well.</summary>
    public string? LifeWords => Life is null || Wanted is null ? null : Reconcile.LifeWords.Of(Record.Life, Wanted.Generation, LifeRule.Window(Wanted));

    private TimeSpan? UpdateWithin => Wanted?.UpdateWithinHours is { } hours ? TimeSpan.FromHours(hours) : null;
}
