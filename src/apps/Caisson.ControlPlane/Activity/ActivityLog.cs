using Caisson.ControlPlane.Data;

namespace Caisson.ControlPlane;

/// <summary>Every change writes an entry in the transaction of the change itself: there is no change without its entry, and no entry without its change.</summary>
internal static class ActivityLog
{
    /// <summary>The name of who asks: an API token's name, or "console".</summary>
    public static string Actor(this HttpContext context) => context.User.Identity?.Name ?? "console";

    public static void Record(this ServerDb db, TimeProvider time, string actor, string kind, string text, string? endpointId = null) => db.Activity.Add(new ActivityEntry
    {
        At = time.GetUtcNow(),
        Actor = actor,
        Kind = kind,
        Text = text,
        EndpointId = endpointId,
    });
}
