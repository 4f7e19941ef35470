using Caisson.Demo.Hosts;

namespace Caisson.Demo.Steps;

/// <summary>One PC: enrolled with a token on standard input, then <c>caissond run</c>.</summary>
internal sealed class Endpoint : IAsyncDisposable
{
    private readonly ChildProcess process;
    private readonly string log;

    private Endpoint(ChildProcess process, string log) => (this.process, this.log) = (process, log);

    public static bool IsEnrolled(string folder) => File.Exists(Path.Combine(folder, "identity", "enrolment.json"));

    public static Task EnrolAsync(Host host, Apps apps, string folder, string token, CancellationToken cancel) =>
        ChildProcess.RunAsync(host, apps.Endpoint("enrol", "--data", folder, "--token-file", "-"), cancel, input: token);

    public static Endpoint Start(Host host, Apps apps, string folder, string runFolder, string logFile, GuestImages guests, int localPort)
    {
        string[] arguments =
        [
            "run", "--data", folder, "--run-dir", runFolder, "--local-port", localPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "--probe-kernel", guests.TinyKernel, "--probe-initrd", guests.TinyInitrd,
        ];
        return new Endpoint(ChildProcess.Start(host, apps.Endpoint(arguments), logFile), logFile);
    }

    public static async Task<Uri> LinkAsync(Host host, Apps apps, string folder, CancellationToken cancel) =>
        new((await ChildProcess.RunAsync(host, apps.Endpoint("link", "--data", folder), cancel)).Trim());

    public void ThrowIfEnded()
    {
        if (process.HasExited)
        {
            throw new CommandFailedException("caissond", process.ExitCode, LogTail.Read(log));
        }
    }

    /// <summary>Stops <c>caissond</c> and, because it was asked politely, the machines it runs.</summary>
    public Task StopAsync() => process.StopAsync(TimeSpan.FromSeconds(75));

    /// <summary>SIGKILL: caissond gets no chance to say or save anything.</summary>
    public Task KillAsync() => process.KillAsync();

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
