using Caisson.ControlPlane.Console.Pcs;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Console.Groups;

/// <summary>Makes groups and gives them workspaces, by the same calls as the API's.</summary>
internal sealed class GroupActions(FleetChanges fleet, Rollbacks rollbacks)
{
    private const long BytesPerGigabyte = 1_000_000_000;

    /// <summary>QEMU sizes disks in whole sectors; whole MiB keep every layer aligned.</summary>
    private const long Alignment = 1 << 20;

    /// <summary>Null when it is made, else why not.</summary>
    public Task<string?> CreateAsync(string name, string? description, CancellationToken cancellationToken) =>
        TryAsync(() => fleet.CreateGroupAsync(PcActions.Actor, new CreateGroupRequest(name, description), cancellationToken));

    /// <summary>Null when it is given, else why not.</summary>
    public Task<string?> AssignAsync(string group, AssignmentForm form, CancellationToken cancellationToken) =>
        TryAsync(() => fleet.CreateAssignmentAsync(
            PcActions.Actor,
            new CreateAssignmentRequest
            {
                Group = group,
                Workspace = WorkspaceIdOf(form.Name),
                Name = form.Name,
                Kind = form.Kind,
                Image = form.Image,
                Track = form.Track,
                MemoryMiB = form.MemoryMiB,
                Cpus = form.Cpus,
                UserVolumeBytes = form.Kind == WorkspaceKind.Managed ? form.UserGigabytes * BytesPerGigabyte / Alignment * Alignment : 0,
            },
            cancellationToken));

    /// <summary>What happened.</summary>
    public async Task<string> WithdrawAsync(AssignmentView assignment, CancellationToken cancellationToken) =>
        await TryAsync(() => fleet.DeleteAssignmentAsync(PcActions.Actor, assignment.Id, cancellationToken)) ?? $"{assignment.Name} is withdrawn.";

    /// <summary>What rolling back would hit, or why it cannot be done.</summary>
    public async Task<(RollbackPreview? Hit, string? Refused)> PreviewAsync(int assignment, int to, CancellationToken cancellationToken)
    {
        try
        {
            return (await rollbacks.PreviewAsync(assignment, to, cancellationToken), null);
        }
        catch (RequestRefused e)
        {
            return (null, e.Message); // It was retired this moment.
        }
    }

    /// <summary>Null when it is held there, or with null follows the newest; else why not.</summary>
    public Task<string?> HoldAsync(int assignment, int? generation, CancellationToken cancellationToken) =>
        TryAsync(() => rollbacks.HoldAsync(PcActions.Actor, assignment, generation, cancellationToken));

    /// <summary>Null when it is changed, else why not.</summary>
    public Task<string?> ChangeAsync(int assignment, ChangeAssignmentRequest request, CancellationToken cancellationToken) =>
        TryAsync(() => fleet.ChangeAssignmentAsync(PcActions.Actor, assignment, request, cancellationToken));

    /// <summary>The id people never see: "Work 2" → "work-2".</summary>
    public static string WorkspaceIdOf(string name) =>
        string.Join('-', new string([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static async Task<string?> TryAsync(Func<Task> change)
    {
        try
        {
            await change();
            return null;
        }
        catch (RequestRefused refused)
        {
            return refused.Message;
        }
    }
}
