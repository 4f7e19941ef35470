using Caisson.Protocol;

namespace Caisson.Machines;

internal enum RequestKind
{
    Start,
    Stop,
    Restart,
    Screenshot,
    Look,
    MoveOsDisk,
    Suspend,
}

/// <summary>Whether a request may run now.</summary>
internal enum Admission
{
    Admitted,

    /// <summary>Nothing to do: the machine is already what was asked for.</summary>
    AlreadySo,
    DeniedNotRunning,
    DeniedAlreadyRunning,
    DeniedStarting,
    DeniedStopping,
    DeniedSuspending,
    DeniedHeld,
}

/// <summary>The whole table of what is legal when; a function of two values.</summary>
internal static class AdmissionRules
{
    public static Admission Decide(WorkspaceState state, RequestKind request) => state switch
    {
        WorkspaceState.Suspended when request is RequestKind.Suspend => Admission.AlreadySo,
        WorkspaceState.Stopped or WorkspaceState.Failed or WorkspaceState.Suspended => request switch
        {
            RequestKind.Start or RequestKind.Restart => Admission.Admitted,
            RequestKind.Stop => Admission.AlreadySo,
            _ => Admission.DeniedNotRunning,
        },
        WorkspaceState.Starting => Admission.DeniedStarting,

        // A save that is under way ends by itself, and within a limit.
        WorkspaceState.Suspending => Admission.DeniedSuspending,

        // A second stop joins the first, and may turn a shutdown into a kill.
        WorkspaceState.Stopping => request is RequestKind.Stop ? Admission.Admitted : Admission.DeniedStopping,
        // A machine whose processors stand still for another reason would be resumed as if they had run.
        WorkspaceState.Paused or WorkspaceState.WaitingForDisk when request is RequestKind.Suspend => Admission.DeniedHeld,
        WorkspaceState.Running or WorkspaceState.Paused or WorkspaceState.WaitingForDisk => request is RequestKind.Start ? Admission.DeniedAlreadyRunning : Admission.Admitted,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    /// <summary>The denial as a sentence for people.</summary>
    public static string Explain(Admission denial, WorkspaceSpec spec, RequestKind request) => denial switch
    {
        Admission.DeniedNotRunning => $"{request} was refused: workspace {spec.Id} is not running. Start it first.",
        Admission.DeniedAlreadyRunning => $"{request} was refused: workspace {spec.Id} is running already. Restart it if a fresh start is wanted.",
        Admission.DeniedStarting => $"{request} was refused: workspace {spec.Id} is still starting. Try again when it runs.",
        Admission.DeniedStopping => $"{request} was refused: workspace {spec.Id} is stopping. Try again when it has stopped.",
        Admission.DeniedSuspending => $"{request} was refused: workspace {spec.Id} is being suspended. Try again when that is done.",
        Admission.DeniedHeld => $"{request} was refused: workspace {spec.Id} stands still. Try again when it runs.",
        _ => throw new ArgumentOutOfRangeException(nameof(denial), denial, null),
    };
}
