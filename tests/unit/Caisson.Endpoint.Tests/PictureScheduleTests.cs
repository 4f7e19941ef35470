using Caisson.Endpoint.Orders;
using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Tests;

public sealed class PictureScheduleTests
{
    private readonly ManualTime time = new();
    private PictureSchedule? last;

    [Fact]
    public void A_workspace_that_has_not_spoken_or_does_not_run_is_not_pictured()
    {
        Assert.False(IsTaken(Up() with { FirstHeartbeatAt = null }));
        Assert.False(IsTaken(Up() with { State = WorkspaceState.Stopping }));
        Assert.False(IsTaken(Up() with { State = WorkspaceState.WaitingForDisk }));
    }

    [Fact]
    public void A_desktop_is_pictured_when_its_session_is_up_and_again_when_it_is_drawn()
    {
        Assert.Equal([0, 40, 50, 350], Seconds(400, s => s >= 40 ? Session(Up()) : Up(), isWatched: false));
    }

    [Fact]
    public void A_session_found_at_the_first_look_is_also_pictured_when_drawn()
    {
        Assert.Equal([0, 10], Seconds(60, _ => Session(Up()), isWatched: false));
    }

    [Fact]
    public void While_somebody_looks_it_is_pictured_every_30_s_else_every_5_minutes()
    {
        Assert.Equal([0, 30, 60, 90], Seconds(100, _ => Up(), isWatched: true));
        last = null;
        Assert.Equal([0, 300, 600], Seconds(800, _ => Up(), isWatched: false));
    }

    [Fact]
    public void A_restart_begins_anew()
    {
        Assert.Equal([0, 10, 20, 30], Seconds(40, s => Session(s < 20 ? Up() : Up() with { StartedAt = DateTimeOffset.UnixEpoch.AddDays(1) }), isWatched: false));
    }

    private static MachineStatus Up() => new() { State = WorkspaceState.Running, StartedAt = DateTimeOffset.UnixEpoch, FirstHeartbeatAt = DateTimeOffset.UnixEpoch };

    private static MachineStatus Session(MachineStatus status) => status with { GuestFacts = status.GuestFacts.Add("session", "active") };

    private bool IsTaken(MachineStatus status) => PictureSchedule.Due(last, status, isWatched: true, time) is not null;

    /// <summary>The seconds at which a picture was taken.</summary>
    private List<int> Seconds(int length, Func<int, MachineStatus> status, bool isWatched)
    {
        var taken = new List<int>();
        for (var second = 0; second <= length; second += 2, time.Pass(TimeSpan.FromSeconds(2)))
        {
            if (PictureSchedule.Due(last, status(second), isWatched, time) is { } due)
            {
                last = due;
                taken.Add(second);
            }
        }

        return taken;
    }
}
