namespace Caisson.Images;

/// <summary>Lets the filler stand back while someone waits for bytes.</summary>
internal sealed class DemandGate
{
    private readonly Lock _gate = new();
    private int _waiting;
    private TaskCompletionSource? _idle;

    /// <summary>Someone waits for bytes until the result is disposed.</summary>
    public Visit Enter()
    {
        lock (_gate)
        {
            _waiting++;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return new Visit(this);
    }

    /// <summary>Completes when nobody waits for bytes.</summary>
    public Task WhenIdleAsync()
    {
        lock (_gate)
        {
            return _idle?.Task ?? Task.CompletedTask;
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (--_waiting == 0)
            {
                _idle!.TrySetResult();
                _idle = null;
            }
        }
    }

    public sealed class Visit(DemandGate gate) : IDisposable
    {
        public void Dispose() => gate.Leave();
    }
}
