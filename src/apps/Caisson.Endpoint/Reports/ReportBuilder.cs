using Caisson.Protocol;

namespace Caisson.Endpoint.Reports;

/// <summary>What leaves this PC about its workspaces. The one place where a personal workspace's facts are left out.</summary>
internal static class ReportBuilder
{
    public static WorkspaceReport Report(WorkspaceView view) => view.Record.Kind == WorkspaceKind.Personal
        ? new WorkspaceReport { Id = view.Record.Id, Kind = WorkspaceKind.Personal, State = view.Machine.State }
        : new WorkspaceReport
        {
            Id = view.Record.Id,
            Kind = view.Record.Kind,
            State = view.Machine.State,
            RunningGeneration = view.Record.Last?.Number,
            PreparedGeneration = view.PreparedGeneration,
            PresentBytes = view.Fill?.PresentBytes ?? 0,
            ImageBytes = view.Fill?.ImageBytes ?? 0,
            StartedAt = view.Machine.StartedAt,
            FirstHeartbeatAt = view.Machine.FirstHeartbeatAt,
            LastHeartbeatAt = view.Machine.LastHeartbeatAt,
            GuestFacts = view.Machine.GuestFacts,
            Life = view.Life,
            Problem = view.Problem,
        };
}
