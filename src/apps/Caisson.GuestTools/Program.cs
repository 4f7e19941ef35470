using System.Globalization;
using System.Runtime.InteropServices;
using Caisson.GuestTools;

// caisson-guest: runs inside a workspace from the earliest moment of its boot and tells the host that it is alive, and some facts.
// It takes no orders and reads nothing from the port.
const string PortName = "org.caisson.guest.0";
const string FactsFolder = "/run/caisson/facts";

using var stop = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop);

var bootId = FactFolder.FirstLine("/proc/sys/kernel/random/boot_id");
var facts = new FactFolder(FactsFolder, SystemFacts.Read("/etc"));
var loop = new HeartbeatLoop(
    () => GuestPort.Find(PortName) is { } device ? GuestPort.TryOpen(device) : null,
    () => Heartbeat.Encode(bootId, UptimeSeconds(), facts.Read()),
    TimeProvider.System);
await loop.RunAsync(stop.Token);
return 0;

void OnStop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

// "12.34 56.78": seconds since the kernel started, then idle seconds (proc(5)).
static double UptimeSeconds() =>
    double.TryParse(FactFolder.FirstLine("/proc/uptime").Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;
