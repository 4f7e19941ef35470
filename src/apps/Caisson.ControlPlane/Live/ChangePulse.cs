using System.Runtime.CompilerServices;
using Caisson.ControlPlane.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Caisson.ControlPlane.Live;

/// <summary>Pulses <see cref="Changes"/> after every save, for the PCs whose rows were in it. Nobody who changes something has to think of open pages.</summary>
internal sealed class ChangePulse(Changes changes) : SaveChangesInterceptor
{
    // What a context is about to save; after the save its entries no longer say so.
    private readonly ConditionalWeakTable<DbContext, HashSet<string>> saving = [];

    public override ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is { } context)
        {
            saving.AddOrUpdate(context, Subjects(context));
        }

        return ValueTask.FromResult(result);
    }

    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is { } context && saving.TryGetValue(context, out var endpoints))
        {
            saving.Remove(context);
            Pulse(endpoints);
        }

        return ValueTask.FromResult(result);
    }

    private void Pulse(HashSet<string> endpoints)
    {
        if (endpoints.Count == 0)
        {
            // An image, a group: any page may show it.
            changes.Pulse();
        }

        foreach (var endpoint in endpoints)
        {
            changes.Pulse(endpoint);
        }
    }

    private static HashSet<string> Subjects(DbContext context) => context.ChangeTracker.Entries()
        .Where(e => e.State is EntityState.Added or EntityState.Modified or EntityState.Deleted)
        .Select(e => e.Entity switch
        {
            EnrolledEndpoint endpoint => endpoint.Id,
            ReportedWorkspace workspace => workspace.EndpointId,
            IssuedOrder order => order.EndpointId,
            ActivityEntry activity => activity.EndpointId,
            Evidence evidence => evidence.EndpointId,
            _ => null,
        })
        .OfType<string>()
        .ToHashSet(StringComparer.Ordinal);
}
