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
}

/// <summary>The whole table of what is legal when; a function of two values.</summary>
internal static class AdmissionRules
{
    public static Admission Decide(WorkspaceState state, RequestKind request) => state switch
    {
        WorkspaceState.Stopped or WorkspaceState.Failed => request switch
        {
            RequestKind.Start or RequestKind.Restart => Admission.Admitted,
            RequestKind.Stop => Admission.AlreadySo,
            _ => Admission.DeniedNotRunning,
        },
        WorkspaceState.Starting => Admission.DeniedStarting,

        // A second stop joins the first, and may turn a shutdown into a kill.
        WorkspaceState.Stopping => request is RequestKind.Stop ? Admission.Admitted : Admission.DeniedStopping,
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
        _ => throw new ArgumentOutOfRangeException(nameof(denial), denial, null),
    };
}
