using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Verbs;

/// <summary>`caissond run`: until SIGTERM or SIGINT, which shut the machines down first unless told to leave them.</summary>
internal static class RunVerb
{
    public static async Task<int> RunAsync(RunOptions options)
    {
        using var logs = LoggerFactory.Create(b =>
        {
            b.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
            if (options.JsonLog)
            {
                b.AddJsonConsole(o => o.TimestampFormat = "O");
            }
            else
            {
                b.AddSimpleConsole(o => { o.SingleLine = true; o.TimestampFormat = "HH:mm:ss "; });
            }
        });
        using var leaving = new CancellationTokenSource();
        void Leave(PosixSignalContext context)
        {
            context.Cancel = true;
            leaving.Cancel();
        }

        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Leave);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Leave);
        var systemd = new SystemdNotifier();
        return await EndpointProcess.RunAsync(options, TimeProvider.System, logs, () => systemd.Notify(ServiceState.Ready), leaving.Token);
    }
}
