using Caisson.Protocol;
using Caisson.Trust;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// The one caller of <see cref="RunApproval"/>, asked right before a machine starts, whatever the planner thought: puts the verified desired
/// state, what lies on the disk and what this PC remembers into plain values.
/// </summary>
internal static class StartApproval
{
    public static RunDecision Decide(WorkspaceRecord record, DesiredWorkspace desired, GenerationReference offered) => RunApproval.Decide(
        new RunWish(desired.Id.Value, desired.Kind.ToString(), desired.Generation.ManifestDigest, KeepsFirstGeneration: desired.Kind == WorkspaceKind.Personal),
        new RunOffer(record.Id.Value, record.Kind.ToString(), offered.ManifestDigest),
        new RunHistory(record.Base?.ManifestDigest, [.. record.Generations.Select(g => g.ManifestDigest)])); // A record names a generation only after it was approved.
}
