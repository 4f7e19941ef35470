using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Reports;
using Caisson.Protocol;

namespace Caisson.Endpoint.LocalPage;

/// <summary>What the page shows and reaches; all it knows of the rest of caissond.</summary>
/// <param name="Status">The newest status; null before the first.</param>
/// <param name="Find">A workspace's owner.</param>
/// <param name="Subscribe">Be told of each new status.</param>
internal sealed record LocalPageContent(Func<LocalStatus?> Status, Func<WorkspaceId, WorkspaceOwner?> Find, Action<Action<LocalStatus>> Subscribe, Action<Action<LocalStatus>> Unsubscribe)
{
    /// <summary>A page over nothing.</summary>
    public static LocalPageContent Nothing { get; } = new(() => null, _ => null, _ => { }, _ => { });

    /// <summary>Told of each workspace the person wants to see.</summary>
    public event Action<WorkspaceId>? Shown;

    /// <summary>The PC's own switches; null where the PC has another system to switch it off.</summary>
    public PowerSwitch? Power { get; init; }

    public static LocalPageContent Of(ReportLoop reports, ReconcileLoop workspaces, PowerSwitch? power) =>
        new(() => reports.Latest, workspaces.Find, heard => reports.Written += heard, heard => reports.Written -= heard) { Power = power };

    public void Show(WorkspaceId id) => Shown?.Invoke(id);
}
