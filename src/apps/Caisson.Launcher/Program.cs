using System.Net.Sockets;
using System.Runtime.InteropServices;
using Caisson.Launcher.Page;
using Caisson.Launcher.Sway;
using Caisson.Launcher.Switching;
using Caisson.Launcher.Wayland;

// caisson-launcher: beside sway at the PC. Shows each running workspace in its window, and follows the chord from one to the next.
if (args is not ["--page", var page])
{
    await Console.Error.WriteLineAsync("Usage: caisson-launcher --page SOCKET    (in sway's environment: SWAYSOCK, WAYLAND_DISPLAY, XDG_RUNTIME_DIR)");
    return 2;
}

using var stop = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop);
try
{
    var swaySocket = Environment.GetEnvironmentVariable("SWAYSOCK") ?? throw new SwayException("SWAYSOCK does not say where sway is. Start this beside sway.");
    using var sway = await SwayConnection.ConnectAsync(swaySocket, stop.Token);
    using var events = await SwayConnection.ConnectAsync(swaySocket, stop.Token);
    using var switcher = new Switcher(new PageSocket(page), sway, WaylandConnection.DefaultSocket(), TimeProvider.System, Console.Error);
    await switcher.RunAsync(events, stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
catch (Exception e) when (e is SwayException or WaylandException or IOException or SocketException)
{
    await Console.Error.WriteLineAsync($"caisson-launcher: {e.Message}");
    return 1; // systemd starts it again; no machine depends on it.
}

void OnStop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
