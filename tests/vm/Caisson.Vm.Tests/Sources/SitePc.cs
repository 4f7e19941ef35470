using System.Diagnostics;
using System.Text.Json;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Sources;

/// <summary>A PC of the site: the built caissond, enrolled, with a workspace that is not started, so that all it does is fill its image.</summary>
internal sealed class SitePc : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TestFolder _folder = new();
    private Process? _process;

    public string Data => _folder.File("data");

    public string Id => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Data, "identity", "enrolment.json"))).RootElement.GetProperty("endpoint").GetString()!;

    public string ImageFile => Path.Combine(Directory.GetDirectories(Path.Combine(Data, "images"), "sha256-*")[0], "image.raw");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string LogFile => _folder.File("caissond.log");

    /// <summary>Enrolled, and not running yet.</summary>
    public static async Task<SitePc> EnrolAsync(string token)
    {
        var pc = new SitePc();
        using (var enrol = Process.Start(new ProcessStartInfo(Caissond, ["enrol", "--data", pc.Data]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!)
        {
            await enrol.StandardInput.WriteAsync(token);
            enrol.StandardInput.Close();
            var said = await enrol.StandardError.ReadToEndAsync(Ct);
            await enrol.WaitForExitAsync(Ct);
            Assert.True(enrol.ExitCode == 0, said);
        }

        return pc;
    }

    public void Run(params string[] options)
    {
        // Through a shell that only redirects: a full pipe would stop it.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >>\"$CAISSOND_LOG\" 2>&1", Caissond, "run", "--data", Data, "--local-port", "0", .. options]);
        start.Environment["CAISSOND_LOG"] = LogFile;
        _process = Process.Start(start)!;
    }

    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Bytes by source once the image is whole.</summary>
    public async Task<Dictionary<string, (long Bytes, long Rejected)>> WhenWholeAsync() =>
        Sources(await StatusAsync(status => status.GetProperty("workspaces").EnumerateArray().Any(w => w.GetProperty("offlineReady").GetBoolean())));

    public async Task<JsonElement> StatusAsync(Func<JsonElement, bool> holds)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, Ct); // the deadline, or the test run's end
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            var file = Path.Combine(Data, "status.json");
            if (File.Exists(file))
            {
                using var status = JsonDocument.Parse(await File.ReadAllBytesAsync(file, Ct));
                if (holds(status.RootElement))
                {
                    return status.RootElement.Clone();
                }
            }

            Assert.False(_process!.HasExited, $"caissond ended: {Log()}");
            try
            {
                await tick.WaitForNextTickAsync(either.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                Assert.Fail($"It did not come to what was waited for within {Limit.TotalSeconds} s: {Log()}");
            }
        }
    }

    public static Dictionary<string, (long Bytes, long Rejected)> Sources(JsonElement status) =>
        status.GetProperty("sources").EnumerateArray().ToDictionary(s => s.GetProperty("name").GetString()!, s => (s.GetProperty("bytes").GetInt64(), s.GetProperty("rejected").GetInt64()), StringComparer.Ordinal);

    public string Log() => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private static string Caissond => Path.Combine(AppContext.BaseDirectory, "caissond");
}
