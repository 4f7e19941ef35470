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

    public static LocalPageContent Of(ReportLoop reports, ReconcileLoop workspaces) =>
        new(() => reports.Latest, workspaces.Find, heard => reports.Written += heard, heard => reports.Written -= heard);
}
