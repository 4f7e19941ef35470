namespace Caisson.Machines;

/// <summary>What the owner of a machine can be asked; a closed set.</summary>
internal abstract record MachineRequest(RequestKind Kind)
{
    /// <summary>Completed by the owner: with the picture for a screenshot, with nothing for the others.</summary>
    public TaskCompletionSource<byte[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public sealed record Start() : MachineRequest(RequestKind.Start);

    public sealed record Stop(StopMode Mode, TimeSpan Grace) : MachineRequest(RequestKind.Stop);

    public sealed record Restart(StopMode Mode, TimeSpan Grace, WorkspaceSpec? Next) : MachineRequest(RequestKind.Restart);

    public sealed record Suspend() : MachineRequest(RequestKind.Suspend);

    public sealed record Screenshot() : MachineRequest(RequestKind.Screenshot);

    public sealed record Look() : MachineRequest(RequestKind.Look);

    public sealed record MoveOsDisk(OsBase To) : MachineRequest(RequestKind.MoveOsDisk);
}

/// <summary>What happens to a machine by itself. Each names the run it belongs to: one of an earlier run is nobody's business any more.</summary>
internal abstract record MachineEvent(MachineRun Run)
{
    public sealed record Monitor(MachineRun Run, Qmp.QmpEvent Event) : MachineEvent(Run);

    public sealed record Heartbeat(MachineRun Run, GuestMessage Message) : MachineEvent(Run);

    /// <summary>QEMU has ended.</summary>
    public sealed record Ended(MachineRun Run) : MachineEvent(Run);
}
