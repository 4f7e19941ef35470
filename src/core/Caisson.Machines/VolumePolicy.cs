using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>When a volume is thrown away.</summary>
public enum VolumeLifetime
{
    Keep,
    DropAtStart,
    DropAtStop,
}

/// <summary>
/// What survives: managed reverts its os at every start and keeps the rest; personal keeps all; disposable keeps nothing past its stop.
/// A disposable machine that ended without a proper stop (power cut) loses its volumes at the next start.
/// </summary>
public static class VolumePolicy
{
    public static VolumeLifetime Of(WorkspaceKind kind, VolumeRole role) => (kind, role) switch
    {
        (WorkspaceKind.Managed, VolumeRole.Os) => VolumeLifetime.DropAtStart,
        (WorkspaceKind.Managed or WorkspaceKind.Personal, _) => VolumeLifetime.Keep,
        (WorkspaceKind.Disposable, _) => VolumeLifetime.DropAtStop,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    public static bool DropsAtStart(WorkspaceKind kind, VolumeRole role) => Of(kind, role) is not VolumeLifetime.Keep;

    public static bool DropsAtStop(WorkspaceKind kind, VolumeRole role) => Of(kind, role) is VolumeLifetime.DropAtStop;
}
