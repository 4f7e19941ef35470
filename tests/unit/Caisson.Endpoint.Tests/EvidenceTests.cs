using Caisson.Endpoint.Reconcile;
using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Tests;

public sealed class EvidenceTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly ManualTime time = new();

    private string Evidence => Path.Combine(folder.Path, "evidence");

    private WorkspacePaths Machine => new(Path.Combine(folder.Path, "machine"), Path.Combine(folder.Path, "run"));

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_last_picture_and_the_end_of_the_serial_log_are_kept_and_found_again()
    {
        Directory.CreateDirectory(Machine.StateDirectory);
        await File.WriteAllBytesAsync(Machine.LastScreen, [1, 2, 3], TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Machine.SerialLog, new string('a', 100_000) + "panic", TestContext.Current.CancellationToken);

        await Open().GatherAsync(Sample.Generation(7), StartFailure.Panicked, "It failed.", machine: null, Machine);

        var found = Assert.Single(Open().Kept);
        Assert.Equal((7, StartFailure.Panicked, true, true, false), (found.About.Generation, found.About.Failure, found.HasScreen, found.HasSerial, found.IsSent));
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(Open().ScreenFile(found.About.Id), TestContext.Current.CancellationToken));
        var serial = await File.ReadAllTextAsync(Open().SerialFile(found.About.Id), TestContext.Current.CancellationToken);
        Assert.Equal(EvidenceFolder.SerialBytes, serial.Length);
        Assert.EndsWith("panic", serial, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_newest_few_stay_and_what_a_crash_left_goes()
    {
        Directory.CreateDirectory(Path.Combine(Evidence, "e-half"));
        for (var number = 1; number <= 6; number++)
        {
            await Open().GatherAsync(Sample.Generation(number), StartFailure.Silent, "It failed.", machine: null, Machine);
            time.Pass(TimeSpan.FromMinutes(1));
        }

        Assert.Equal([6, 5, 4, 3], Open().Kept.Select(e => e.About.Generation));
        Assert.Equal(4, Directory.GetDirectories(Evidence).Length);
    }

    [Fact]
    public async Task What_the_server_has_is_not_sent_again()
    {
        await Open().GatherAsync(Sample.Generation(7), null, "It is degraded.", machine: null, Machine);
        Open().Sent(Open().Kept[0].About.Id);
        Assert.True(Assert.Single(Open().Kept).IsSent);
    }

    [Fact]
    public async Task Nothing_is_kept_of_a_personal_workspace() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => Open(WorkspaceKind.Personal).GatherAsync(Sample.Generation(7), StartFailure.Silent, "It failed.", machine: null, Machine));

    private EvidenceFolder Open(WorkspaceKind kind = WorkspaceKind.Managed) => new(new WorkspaceRecord { Id = new("work"), Name = "Work", Kind = kind }, Evidence, time);
}
