using Caisson.ControlPlane.Data;
using Caisson.Protocol;

namespace Caisson.ControlPlane.Fleet;

/// <summary>Takes in how a workspace's generations stand on its PC, and says each change worth reading as a sentence.</summary>
internal static class LifeReports
{
    private const int MostKept = 20;

    /// <summary>The sentences for the timeline, by what was known and what is said now.</summary>
    public static IEnumerable<(string Kind, string Text)> Changes(ReportedWorkspace was, WorkspaceReport now, string subject)
    {
        if (now.Life is not { } life)
        {
            yield break;
        }

        if (life.Committed is { } committed && committed != was.CommittedGeneration)
        {
            yield return (ActivityKinds.WorkspaceCommitted, $"{subject} answered from generation {committed}, which is committed there.");
        }

        if (life.Health != was.Health && Health(life) is { } change)
        {
            yield return (change.Kind, $"{subject} {change.Text}");
        }
    }

    public static void Take(ReportedWorkspace row, GenerationLife? life)
    {
        row.Health = life?.Health;
        row.CommittedGeneration = life?.Committed;
        row.KeptGenerations = life is null ? "" : string.Join(' ', life.Kept.Take(MostKept));
        row.RefusedGeneration = life?.Refused;
        row.Failure = life?.Failure;
        row.UpdateWaitsSince = life?.UpdateWaitsSince;
        row.UpdateBy = life?.UpdateBy;
    }

    /// <summary>As it was reported; the evidence is asked for by itself.</summary>
    public static GenerationLife? Life(ReportedWorkspace row) => row.Health is not { } health ? null : new GenerationLife
    {
        Health = health,
        Committed = row.CommittedGeneration,
        Kept = [.. row.KeptGenerations.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => int.Parse(n, System.Globalization.CultureInfo.InvariantCulture))],
        Refused = row.RefusedGeneration,
        Failure = row.Failure,
        UpdateWaitsSince = row.UpdateWaitsSince,
        UpdateBy = row.UpdateBy,
        Evidence = [],
    };

    private static (string Kind, string Text)? Health(GenerationLife life) => life.Health switch
    {
        GenerationHealth.RolledBack => (ActivityKinds.WorkspaceRolledBack, $"went back to generation {life.Committed}: generation {life.Refused} failed twice, {Why(life.Failure)}."),
        GenerationHealth.Stuck => (ActivityKinds.WorkspaceStuck, $"has nothing to run: generation {life.Refused} failed twice, {Why(life.Failure)}, and none has answered there before."),
        GenerationHealth.Degraded => (ActivityKinds.WorkspaceDegraded, "is degraded: its screen is alive, its guest tools are silent."),
        GenerationHealth.PcFault => (ActivityKinds.WorkspacePcFault, $"is stopped: generation {life.Committed} answered there before and now fails, {Why(life.Failure)}. The PC is the fault."),
        _ => null,
    };

    /// <summary>A part of a sentence.</summary>
    public static string Why(StartFailure? failure) => failure switch
    {
        StartFailure.Panicked => "its kernel panicked",
        StartFailure.Silent => "the desktop did not answer",
        _ => "the PC did not say why",
    };
}
