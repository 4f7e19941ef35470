using Caisson.Endpoint.Reconcile;

namespace Caisson.Endpoint.LocalPage;

/// <summary>
/// Switches the PC off, or off and on, once every workspace has closed. caissond has no right to do the last step: it leaves a file that a unit of
/// the system's waits for (caisson-power-off.path, caisson-power-restart.path).
/// </summary>
internal sealed class PowerSwitch(string folder, Func<IEnumerable<WorkspaceOwner>> workspaces, Signal changed)
{
    private readonly Lock gate = new();
    private Task working = Task.CompletedTask;

    /// <summary>"off" or "restart" while the workspaces close; null otherwise.</summary>
    public string? Closing { get; private set; }

    /// <summary>Asked again, it goes on with what was asked first.</summary>
    public void Ask(PowerStep step)
    {
        lock (gate)
        {
            if (!working.IsCompleted)
            {
                return;
            }

            Closing = Word(step);
            working = CloseAsync(step);
        }

        changed.Set();
    }

    private async Task CloseAsync(PowerStep step)
    {
        await Task.WhenAll(workspaces().Select(owner => owner.AskAsync(Wish.Stop)).ToList());
        await File.WriteAllTextAsync(Path.Combine(folder, "power-" + Word(step)), "");
    }

    private static string Word(PowerStep step) => step == PowerStep.Restart ? "restart" : "off";
}

internal enum PowerStep
{
    Off,
    Restart,
}
