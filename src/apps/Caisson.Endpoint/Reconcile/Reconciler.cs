using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// What to do next to make the PC what it shall be. A function: the same two values give the same steps, and the executor calls it again
/// after each change, so a step that fails is simply planned again.
/// </summary>
internal static class Reconciler
{
    /// <param name="desired">Null while this PC does not know what it shall be: then nothing is stopped and nothing removed.</param>
    /// <param name="actual">What is here.</param>
    public static IReadOnlyList<PlanAction> Plan(IReadOnlyList<DesiredWorkspace>? desired, ActualEndpoint actual)
    {
        if (desired is null)
        {
            return [.. actual.Workspaces.Where(w => !w.Busy && IsUp(w.State) && w.Wish == Wish.Stop).Select(w => new PlanAction.Stop(w.Record.Id, "It was asked to stop."))];
        }

        var plan = new List<PlanAction>();
        var known = actual.Workspaces.ToDictionary(w => w.Record.Id);
        foreach (var workspace in desired)
        {
            if (!known.TryGetValue(workspace.Id, out var present))
            {
                plan.Add(new PlanAction.Remember(new WorkspaceRecord { Id = workspace.Id, Name = workspace.Name, Kind = workspace.Kind }));
            }
            else if (present.Record.Kind == workspace.Kind)
            {
                PlanWorkspace(workspace, present, actual.Images, plan);
            }
        }

        var wanted = desired.Select(w => w.Id).ToHashSet();
        plan.AddRange(actual.Workspaces
            .Where(w => !wanted.Contains(w.Record.Id) && !w.Busy && IsUp(w.State))
            .Select(w => new PlanAction.Stop(w.Record.Id, "It is assigned to this PC no more; its data stays here.")));
        plan.AddRange(Unused(desired, actual).Select(d => new PlanAction.RemoveImage(d)));
        return plan;
    }

    /// <summary>True while QEMU runs.</summary>
    public static bool IsUp(WorkspaceState state) => state is not (WorkspaceState.Stopped or WorkspaceState.Failed or WorkspaceState.Suspended);

    /// <summary>The generation the next start uses: personal its first, for ever; the others as <see cref="LifeRule"/> chooses. Null when none may start.</summary>
    public static GenerationReference? NextBase(DesiredWorkspace desired, WorkspaceRecord record, IReadOnlyDictionary<string, ImageState> images, bool asked) =>
        record.Kind == WorkspaceKind.Personal ? record.Base ?? desired.Generation : LifeRule.Choose(record.Life, desired.Generation, images, asked);

    /// <summary>Generations to open: the ones to run and to go back to, and the new one even while the old one runs.</summary>
    private static IEnumerable<GenerationReference> Needed(DesiredWorkspace desired, WorkspaceRecord record, IReadOnlyDictionary<string, ImageState> images)
    {
        if (record is { Kind: WorkspaceKind.Personal, Base: { } pinned })
        {
            yield return pinned;
            yield break;
        }

        // First what is here, so that it is there as the seed of the next and as the one to start from.
        foreach (var here in ((GenerationReference?[])[record.Last, record.Life.Good]).OfType<GenerationReference>().DistinctBy(g => g.ManifestDigest))
        {
            if (here.ManifestDigest != desired.Generation.ManifestDigest && images.ContainsKey(here.ManifestDigest))
            {
                yield return here;
            }
        }

        if (!record.Life.IsRefused(desired.Generation) || images.ContainsKey(desired.Generation.ManifestDigest))
        {
            yield return desired.Generation;
        }
    }

    private static void PlanWorkspace(DesiredWorkspace desired, ActualWorkspace present, IReadOnlyDictionary<string, ImageState> images, List<PlanAction> plan)
    {
        foreach (var generation in Needed(desired, present.Record, images))
        {
            if (images.GetValueOrDefault(generation.ManifestDigest, ImageState.OnDisk) == ImageState.OnDisk && !plan.OfType<PlanAction.OpenImage>().Any(o => o.Generation.ManifestDigest == generation.ManifestDigest))
            {
                plan.Add(new PlanAction.OpenImage(generation, Seed(generation, present.Record, images)));
            }
        }

        if (present.Busy)
        {
            return;
        }

        if (IsUp(present.State))
        {
            if (present.Wish is Wish.Stop or Wish.Restart)
            {
                plan.Add(new PlanAction.Stop(desired.Id, present.Wish == Wish.Stop ? "It was asked to stop." : "It was asked to restart."));
            }
            else if (present.Wish == Wish.Suspend)
            {
                plan.Add(new PlanAction.Suspend(desired.Id));
            }

            return;
        }

        var asked = present.Wish is Wish.Start or Wish.Restart;
        if (!present.MayStart || !(asked || (desired.AutoStart && !present.HeldStopped && present.Wish == Wish.None)))
        {
            return;
        }

        // Memory fits the generation it was saved over and no other: an update waits until it is shut down, or given up for a restart.
        var isSuspended = present.State == WorkspaceState.Suspended;
        var goesOn = isSuspended && present.Wish != Wish.Restart;
        if ((goesOn ? present.Record.Last : NextBase(desired, present.Record, images, asked)) is not { } next)
        {
            if (asked)
            {
                plan.Add(new PlanAction.Decline(desired.Id, $"Generation {desired.Generation.Number} failed on this PC twice and there is no other to start. An administrator can publish another, or order 'try again'."));
            }
        }
        else if (images.GetValueOrDefault(next.ManifestDigest) is ImageState.Open or ImageState.Complete)
        {
            plan.Add(new PlanAction.Start(desired, next, Afresh: isSuspended && !goesOn));
        }
    }

    /// <summary>An older generation of the same workspace on this disk, to copy from.</summary>
    private static string? Seed(GenerationReference generation, WorkspaceRecord record, IReadOnlyDictionary<string, ImageState> images) =>
        ((GenerationReference?[])[record.Last, record.Life.Good]).OfType<GenerationReference>().Select(g => g.ManifestDigest)
            .FirstOrDefault(digest => digest != generation.ManifestDigest && images.ContainsKey(digest));

    private static IEnumerable<string> Unused(IReadOnlyList<DesiredWorkspace> desired, ActualEndpoint actual)
    {
        var used = desired.Select(w => w.Generation.ManifestDigest).ToHashSet(StringComparer.Ordinal);
        used.UnionWith(actual.Kept);
        used.UnionWith(actual.Workspaces.SelectMany(w => w.Record.Generations).Select(g => g.ManifestDigest));

        return actual.Images.Where(i => i.Value != ImageState.Busy && !used.Contains(i.Key)).Select(i => i.Key);
    }
}
