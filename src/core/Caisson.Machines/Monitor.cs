using Caisson.Qmp;

namespace Caisson.Machines;

internal static class Monitor
{
    /// <summary>Runs a command with a limit: QEMU's main loop can stand still for a while (a read waiting for its server), the owner may not.</summary>
    public static async Task CommandAsync(
        QmpClient qmp, Func<QmpClient, CancellationToken, Task> command, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await command(qmp, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new MachineException(MachineError.CommandFailed, $"QEMU did not answer a command within {limit.TotalSeconds:0} s. Try again, or stop the machine by force.");
        }
    }
}
