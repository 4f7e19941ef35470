using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Testing;

/// <summary>A real machine under TCG for one test. What it said is copied into the failure's text by <see cref="WaitForAsync"/>.</summary>
public sealed class TestVm : IAsyncDisposable
{
    /// <summary>Generous: a loaded two-core machine emulates slowly. A good run never comes near it.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private TestVm(TestFolder folder, QemuCapabilities capabilities, Machine machine)
    {
        Folder = folder;
        Capabilities = capabilities;
        Machine = machine;
    }

    public TestFolder Folder { get; }

    public QemuCapabilities Capabilities { get; }

    /// <summary>Null while a test has let go of it.</summary>
    public Machine? Machine { get; set; }

    public WorkspacePaths Paths => PathsIn(Folder);

    public string SerialText => File.Exists(Paths.SerialLog) ? ReadShared(Paths.SerialLog) : "";

    public static WorkspacePaths PathsIn(TestFolder folder) => new(folder.File("state"), folder.File("run"));

    public static async Task<QemuCapabilities> NeedQemuAsync(CancellationToken cancellation)
    {
        Requirement.Program("qemu-system-x86_64");
        Requirement.Program("qemu-img");
        return await QemuCapabilities.DetectAsync(Accelerator.Tcg, cancellation);
    }

    /// <summary>A managed workspace of 256 MiB with the tiny guest; <paramref name="change"/> makes it what the test needs.</summary>
    public static async Task<TestVm> BootAsync(Func<WorkspaceSpec, TinyGuest, TestFolder, WorkspaceSpec> change, CancellationToken cancellation)
    {
        var capabilities = await NeedQemuAsync(cancellation);
        var guest = await TinyGuest.GetAsync(cancellation);
        var folder = new TestFolder();
        var spec = new WorkspaceSpec
        {
            Id = new WorkspaceId("test"),
            MachineId = Guid.NewGuid(),
            Name = "Test",
            Kind = WorkspaceKind.Managed,
            MemoryMiB = 256,
            Cpus = 1,
            Firmware = guest.Boot(),
        };
        var machine = await Machine.StartAsync(change(spec, guest, folder), PathsIn(folder), capabilities, TimeProvider.System, cancellation);
        return new TestVm(folder, capabilities, machine);
    }

    /// <summary>Waits for a status by event.</summary>
    public async Task<MachineStatus> WaitForAsync(Func<MachineStatus, bool> wanted, string what)
    {
        using var limit = new CancellationTokenSource(Deadline);
        try
        {
            await foreach (var status in Machine!.WatchAsync(limit.Token))
            {
                if (wanted(status))
                {
                    return status;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Told below, with what is known.
        }

        throw new TimeoutException($"Not seen: {what}. Last status: {Machine!.Status}\nserial log:\n{SerialText}");
    }

    /// <summary>Waits until the guest has printed a text on its serial port.</summary>
    public async Task WaitForSerialAsync(string text)
    {
        using var limit = new CancellationTokenSource(Deadline);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (!SerialText.Contains(text, StringComparison.Ordinal))
            {
                await tick.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The guest did not print '{text}'. Last status: {Machine?.Status}\nserial log:\n{SerialText}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Machine ??= await Machine.AdoptAsync(Paths, Capabilities, TimeProvider.System, CancellationToken.None);
        if (Machine is not null)
        {
            await Machine.StopAsync(StopMode.Kill, TimeSpan.Zero, CancellationToken.None);
            await Machine.DisposeAsync();
        }

        Folder.Dispose();
    }

    private static string ReadShared(string path)
    {
        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return file.ReadToEnd();
    }
}
