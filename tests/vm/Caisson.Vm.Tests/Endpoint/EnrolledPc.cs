using System.Diagnostics;
using System.Text.Json;
using Caisson.Images;
using Caisson.Protocol;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Endpoint;

/// <summary>
/// A PC in a folder: the built caissond as a process, enrolled with a simulated server, its machines tiny guests booted by their kernel.
/// Ends what it started; on failure its folder's logs are in the exception.
/// </summary>
internal sealed class EnrolledPc : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(150);

    private readonly string folder = Directory.CreateTempSubdirectory("cpc-").FullName;
    private readonly TinyGuest guest;
    private readonly string append;
    private Process? process;
    private long sequence;

    private EnrolledPc(ServerSimulator server, TinyGuest guest, string append) => (Server, this.guest, this.append) = (server, guest, append);

    public ServerSimulator Server { get; }

    public string Data => Path.Combine(folder, "data");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Caissond => Path.Combine(AppContext.BaseDirectory, "caissond");

    /// <param name="options">caisson.* kernel options of the guest.</param>
    public static async Task<EnrolledPc> EnrolAsync(string options)
    {
        var guest = await TinyGuest.GetAsync(Ct);
        var pc = new EnrolledPc(await ServerSimulator.StartAsync(TimeProvider.System, Ct), guest, $"console=ttyS0 no_timer_check {options}");
        pc.Server.Store = ImageStore.Open(Path.Combine(pc.folder, "store"));
        await pc.VerbAsync(["enrol"], pc.Server.NewToken().ToString());
        return pc;
    }

    /// <summary>A generation of random bytes, so that each must come over the wire.</summary>
    /// <param name="says">What the guest's caisson.disk option reads from the first line of the disk; null leaves it random too.</param>
    public async Task<GenerationReference> PublishAsync(string name, int mebibytes, string? says = null)
    {
        var raw = Path.Combine(folder, "disk.raw");
        await using (var file = File.Create(raw))
        {
            var block = new byte[1 << 20];
            for (var i = 0; i < mebibytes; i++)
            {
                Random.Shared.NextBytes(block);
                if (i == 0 && says is not null)
                {
                    block.AsSpan(0, 512).Clear();
                    System.Text.Encoding.ASCII.GetBytes(says + "\n", block);
                }

                await file.WriteAsync(block, Ct);
            }
        }

        var stored = await Server.Store!.ImportAsync(new ImportRequest { File = raw, Name = name, Format = ImageFormat.Raw }, TimeProvider.System, null, Ct);
        File.Delete(raw);
        return new GenerationReference(name, stored.Number, stored.ManifestDigest);
    }

    public static DesiredWorkspace Workspace(string id, WorkspaceKind kind, GenerationReference generation) =>
        new() { Id = new(id), Name = id, Kind = kind, Generation = generation, MemoryMiB = 128, Cpus = 1 };

    public void Want(IReadOnlyList<DesiredWorkspace> workspaces, IReadOnlyList<Order>? orders = null, long? fill = null) => Server.Publish(new DesiredState
    {
        Endpoint = new("pc-1"), Sequence = ++sequence, IssuedAt = TimeProvider.System.GetUtcNow(), FillBytesPerSecond = fill, Workspaces = workspaces, Orders = orders ?? [],
    });

    public static Order Order(string id, OrderKind kind, string workspace) =>
        new() { Id = id, Kind = kind, Workspace = new(workspace), Stream = "stream-" + id, ExpiresAt = TimeProvider.System.GetUtcNow().AddMinutes(5) };

    public void Run() => process = Start("run", "--data", Data, "--local-port", "0", "--direct-kernel", guest.Kernel, "--direct-initrd", guest.Initrd, "--direct-append", append);

    /// <summary>caissond on a PC whose folders of programs are empty: a mount namespace of its own hides them.</summary>
    public async Task<(int ExitCode, string Said)> RunWithoutProgramsAsync()
    {
        Requirement.Program("bwrap");
        var start = new ProcessStartInfo("bwrap", ["--dev-bind", "/", "/", "--tmpfs", "/usr/bin", "--tmpfs", "/usr/sbin", "--tmpfs", "/usr/local/bin", Caissond, "run", "--data", Data, "--local-port", "0"])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var run = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, Ct); // the deadline, or the test run's end
        try
        {
            var said = await Task.WhenAll(run.StandardOutput.ReadToEndAsync(either.Token), run.StandardError.ReadToEndAsync(either.Token));
            await run.WaitForExitAsync(either.Token);
            return (run.ExitCode, string.Concat(said));
        }
        finally
        {
            run.Kill(entireProcessTree: true);
        }
    }

    /// <summary>kill -9, as a crash would.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync(Ct);
    }

    /// <summary>One workspace of status.json once <paramref name="holds"/>.</summary>
    public async Task<JsonElement> WorkspaceAsync(string id, Func<JsonElement, bool> holds) => (await EventuallyAsync<JsonElement[]>(() =>
    {
        var file = Path.Combine(Data, "status.json");
        if (!File.Exists(file))
        {
            return null;
        }

        using var status = JsonDocument.Parse(File.ReadAllBytes(file));
        foreach (var workspace in status.RootElement.GetProperty("workspaces").EnumerateArray())
        {
            if (workspace.GetProperty("id").GetString() == id && holds(workspace))
            {
                return [workspace.Clone()];
            }
        }

        return null;
    }, $"workspace {id}"))[0];

    public string SerialLog(string id) => Path.Combine(Data, "workspaces", id, "machine", "serial.log");

    /// <summary>Waits for a line of the guest's serial port.</summary>
    public Task<string> SerialAsync(string id, Func<string, bool> holds) => EventuallyAsync(() => File.Exists(SerialLog(id)) && File.ReadAllText(SerialLog(id)) is var text && holds(text) ? text : null, $"serial port of {id}");

    public Task<OrderResult> OrderResultAsync(string id) => EventuallyAsync(() => Server.Reports.SelectMany(r => r.Orders).FirstOrDefault(o => o.Id == id), $"result of order {id}");

    /// <summary>A machine's QEMU command line as it was started.</summary>
    public Task<string> CommandLineAsync(string id) => EventuallyAsync(() =>
    {
        var record = Path.Combine(Data, "run", id, "machine.proc");
        return File.Exists(record) && PidIn(record) is { } pid && File.Exists($"/proc/{pid}/cmdline") && File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ') is { Length: > 0 } line ? line : null;
    }, $"the command line of {id}");

    /// <summary>Waits for a line of caissond's log.</summary>
    public Task LogAsync(string text) => EventuallyAsync(() => File.ReadAllText(Path.Combine(folder, "caissond.log")).Contains(text, StringComparison.Ordinal) ? "" : null, $"'{text}' in the log");

    /// <summary>As when the power goes.</summary>
    public void KillMachines()
    {
        foreach (var record in Directory.Exists(Path.Combine(Data, "run")) ? Directory.GetFiles(Path.Combine(Data, "run"), "machine.proc", SearchOption.AllDirectories) : [])
        {
            KillMachine(record);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            using var stop = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        KillMachines();
        await Server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    public async Task<T> EventuallyAsync<T>(Func<T?> look, string what)
        where T : class
    {
        using var limit = new CancellationTokenSource(Limit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, Ct); // the deadline, or the test run's end
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            if (look() is { } found)
            {
                return found;
            }

            Assert.False(process?.HasExited ?? false, $"caissond ended while {what} was waited for.\n{Logs()}");
            try
            {
                await timer.WaitForNextTickAsync(either.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                Assert.Fail($"{what} did not come within {Limit.TotalSeconds} s.\n{Logs()}");
            }
        }
    }

    private string Logs() => string.Join("\n", Directory.GetFiles(folder, "*.log", SearchOption.AllDirectories).Append(Path.Combine(Data, "status.json")).Where(File.Exists).Select(f => $"--- {f}\n{Tail(File.ReadAllText(f))}"));

    private static string Tail(string text) => text.Length > 4000 ? text[^4000..] : text;

    private Process Start(params string[] arguments)
    {
        // Through a shell that only redirects: the log must outlive the test's end of a pipe.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >>\"$CAISSOND_LOG\" 2>&1", Caissond, .. arguments]);
        start.Environment["CAISSOND_LOG"] = Path.Combine(folder, "caissond.log");
        return Process.Start(start)!;
    }

    /// <summary>One of caissond's verbs, to its good end.</summary>
    public Task VerbAsync(params string[] verb) => VerbAsync(verb, "");

    private async Task VerbAsync(string[] verb, string input)
    {
        using var run = Process.Start(new ProcessStartInfo(Caissond, [.. verb, "--data", Data]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        await run.StandardInput.WriteAsync(input);
        run.StandardInput.Close();
        var error = await run.StandardError.ReadToEndAsync(Ct);
        await run.WaitForExitAsync(Ct);
        Assert.True(run.ExitCode == 0, error);
    }

    /// <summary>The first number of the record is the pid (proc(5), stat); only a QEMU of this folder is ended.</summary>
    private void KillMachine(string record)
    {
        if (PidIn(record) is { } pid && File.Exists($"/proc/{pid}/cmdline") && File.ReadAllText($"/proc/{pid}/cmdline").Contains(folder, StringComparison.Ordinal))
        {
            Process.GetProcessById(int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture)).Kill();
        }
    }

    private static string? PidIn(string record) => new string([.. File.ReadAllText(record).TakeWhile(char.IsAsciiDigit)]) is { Length: > 0 } digits ? digits : null;
}
