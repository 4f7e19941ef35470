namespace Caisson.Demo.Steps;

/// <summary>Waits for something to be true of a PC's status file. The file is replaced whole at each change.</summary>
internal sealed class StatusWatch(string endpointFolder, TimeProvider time)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(500);

    /// <exception cref="TimeoutException">It did not come true in time; the message shows the last status.</exception>
    public async Task<EndpointStatus> UntilAsync(Func<EndpointStatus, bool> condition, TimeSpan limit, CancellationToken cancel, Action<EndpointStatus?>? each = null)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var status = EndpointStatus.Read(endpointFolder);
            if (status is not null && condition(status))
            {
                return status;
            }

            each?.Invoke(status);
            if (time.GetElapsedTime(started) > limit)
            {
                var last = status is null ? "no status was written" : string.Join("; ", status.Workspaces.Select(w => $"{w.Id} {w.State} generation {w.RunningGeneration}, prepared {w.PreparedGeneration}, heartbeat {w.LastHeartbeatAt:O} {w.Problem}"));
                throw new TimeoutException($"Waited {limit.TotalMinutes:F0} minutes in vain. Last seen: {last}");
            }

            await Task.Delay(Between, time, cancel);
        }
    }
}
