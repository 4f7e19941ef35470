using System.Collections.Concurrent;
using Caisson.Endpoint.Appliance;
using Caisson.Endpoint.Reports;
using Caisson.Endpoint.Shelf;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// Brings the PC to its desired state: looks, plans, begins each step with its owner, and looks again when anything changed.
/// It decides nothing itself; <see cref="Reconciler"/> does.
/// </summary>
internal sealed class ReconcileLoop(EndpointPaths paths, ImageShelf shelf, ApplianceImage appliance, MachineHost host, Signal wake, Signal changed, TimeProvider time, ILogger log)
{
    /// <summary>Also without a change: back-offs end, and an image becomes whole.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<WorkspaceId, WorkspaceOwner> owners = new();

    /// <summary>Null until a state was read from disk or came from the server.</summary>
    private volatile IReadOnlyList<DesiredWorkspace>? desired;

    /// <summary>What was said last, by workspace or image.</summary>
    private readonly ConcurrentDictionary<string, string> notBegun = new(StringComparer.Ordinal);

    public IEnumerable<WorkspaceOwner> Owners => owners.Values.OrderBy(o => o.Record.Kind).ThenBy(o => o.Id.Value, StringComparer.Ordinal);

    public WorkspaceOwner? Find(WorkspaceId id) => owners.GetValueOrDefault(id);

    public void Want(DesiredState state)
    {
        appliance.Want(state);
        desired = state.Workspaces;
        foreach (var workspace in state.Workspaces)
        {
            if (Find(workspace.Id) is { } owner && owner.Record.Kind != workspace.Kind)
            {
                Log.KindChanged(log, workspace.Id.Value, workspace.Kind.ToString(), owner.Record.Kind.ToString());
            }
        }

        wake.Set();
    }

    /// <summary>
    /// What an earlier caissond left: first the sockets its machines' disks wait for, and what may be gone back to, so that it is scrubbed too; then
    /// the machines. Nothing here needs the network.
    /// </summary>
    public async Task TakeUpAsync(CancellationToken ct)
    {
        shelf.Sweep();
        var records = WorkspaceRecord.LoadAll(paths);
        var generations = records.SelectMany(r => r.Generations.Append(r.Update?.Generation)).OfType<GenerationReference>().DistinctBy(g => g.ManifestDigest);
        foreach (var generation in generations.Where(g => Directory.Exists(paths.Image(g.ManifestDigest))))
        {
            try
            {
                await shelf.OpenAsync(generation, seed: null, ct);
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                Log.ImageProblem(log, generation.ToString(), e.Message); // Planned again by the loop.
            }
        }

        foreach (var record in records)
        {
            var owner = new WorkspaceOwner(record, host, changed, time, log);
            owners[record.Id] = owner;
            await owner.AdoptAsync(ct);
        }
    }

    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            Watch();
            Try(nameof(appliance), UpdateAppliance);
            foreach (var action in Reconciler.Plan(desired, new ActualEndpoint([.. owners.Values.Select(o => o.Actual)], shelf.States) { Kept = appliance.Kept }))
            {
                TryBegin(action);
            }

            await wake.WaitAsync(Tick, time, ct);
        }
    }

    public IReadOnlyList<WorkspaceView> Views() => [.. Owners.Select(View)];

    public async Task StopAllAsync()
    {
        var up = owners.Values.Where(o => Reconciler.IsUp(o.Status.State)).ToList();
        Log.StoppingAll(log, up.Count);
        await Task.WhenAll(up.Select(o => o.StopAsync("The PC's caissond ends.")));
    }

    public async Task LetGoAsync()
    {
        foreach (var owner in owners.Values)
        {
            await owner.DisposeAsync();
        }
    }

    private WorkspaceView View(WorkspaceOwner owner)
    {
        var record = owner.Record;
        var known = desired;
        var wanted = known?.FirstOrDefault(d => d.Id == record.Id);
        var states = shelf.States;
        var next = wanted is null ? record.Last : wanted.Kind == record.Kind ? Reconciler.NextBase(wanted, record, states, asked: true) : null;
        var coming = record is { Kind: WorkspaceKind.Personal, Base: not null } ? record.Base : wanted?.Generation ?? record.Last;
        return new WorkspaceView
        {
            Record = record,
            Wanted = wanted?.Kind == record.Kind ? wanted : null,
            Update = owner.Update,
            Evidence = owner.Evidence.Kept,
            Machine = owner.Status,
            PreparedGeneration = next is not null && states.GetValueOrDefault(next.ManifestDigest) == ImageState.Complete ? next.Number : null,
            Fill = host.Fill(coming) ?? host.Fill(record.Last),
            Problem = owner.Problem ?? (coming is null ? null : shelf.Problem(coming.ManifestDigest))
                ?? (known is null ? null : wanted is null ? "No longer assigned to this PC. It was stopped; its data is kept." : wanted.Kind == record.Kind ? null : $"The server calls it {wanted.Kind}, but on this PC it is {record.Kind} and stays so."),
        };
    }

    private void Watch()
    {
        var states = shelf.States;
        foreach (var wanted in desired ?? [])
        {
            if (Find(wanted.Id) is { } owner)
            {
                Try(wanted.Id.Value, () => owner.Watch(wanted, Reconciler.NextBase(wanted, owner.Record, states, asked: true) is { } next && states.GetValueOrDefault(next.ManifestDigest) == ImageState.Complete ? next : null));
            }
        }
    }

    private void UpdateAppliance()
    {
        if (appliance.Step(shelf.States) is { } action)
        {
            Begin(action);
        }
    }

    private void TryBegin(PlanAction action) => Try(action.Subject, () => Begin(action));

    private void Try(string subject, Action step)
    {
        try
        {
            step();
            notBegun.TryRemove(subject, out _);
        }
        catch (IOException e)
        {
            if (e.Message != notBegun.GetValueOrDefault(subject))
            {
                Log.StepNotBegun(log, e.Message); // The disk is full, most likely; the machines that run go on.
            }

            notBegun[subject] = e.Message;
        }
    }

    private void Begin(PlanAction action)
    {
        switch (action)
        {
            case PlanAction.Remember(var record):
                host.Save(record);
                owners[record.Id] = new WorkspaceOwner(record, host, changed, time, log);
                changed.Set();
                wake.Set();
                break;
            case PlanAction.OpenImage(var generation, var seed):
                shelf.BeginOpen(generation, seed);
                break;
            case PlanAction.Start(var workspace, var from, var afresh):
                if (shelf.Find(from.ManifestDigest) is { } image)
                {
                    owners[workspace.Id].BeginStart(workspace, image, afresh);
                }

                break;
            case PlanAction.Stop(var id, var why):
                owners[id].BeginStop(why);
                break;
            case PlanAction.Suspend(var id):
                owners[id].BeginSuspend();
                break;
            case PlanAction.Decline(var id, var why):
                owners[id].Decline(why);
                break;
            case PlanAction.RemoveImage(var digest):
                shelf.BeginRemove(digest);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }
}
