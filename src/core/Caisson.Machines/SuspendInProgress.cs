namespace Caisson.Machines;

/// <summary>A save on its way: QEMU writes, and is asked now and then how far it is.</summary>
internal sealed class SuspendInProgress(MachineRequest request, DateTimeOffset now)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>A disk that takes longer for a guest's memory is not getting there.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly DateTimeOffset _ends = now + Limit;

    public DateTimeOffset Due { get; private set; } = now;

    public void AskAgain(DateTimeOffset moment) => Due = moment + Pause;

    public bool TakesTooLong(DateTimeOffset moment) => moment >= _ends;

    /// <summary>All is durable; only QEMU's end is waited for.</summary>
    public void Committed() => Due = DateTimeOffset.MaxValue;

    public void Complete() => request.Answer.TrySetResult([]);

    public void Fail(MachineException reason) => request.Answer.TrySetException(reason);
}
