using System.Text.Json;
using Caisson.Endpoint.Files;
using Caisson.Machines;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Host;

/// <summary>The accelerator found since this boot of the PC, so that a restart of caissond does not try KVM for 10 s again.</summary>
internal sealed record CachedAccelerator(string HostBootId, string? Kernel, Accelerator Accelerator, string Reason);

/// <summary>What this PC is: QEMU, accelerator, memory.</summary>
internal static class HostProbe
{
    public static string HostBootId => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Tries KVM at most once per boot of the PC and per test kernel.</summary>
    public static async Task<AcceleratorChoice> AcceleratorAsync(EndpointPaths paths, ProbeKernel? kernel, TimeProvider time, CancellationToken ct)
    {
        var bootId = HostBootId;
        if (Load(paths) is { } cached && cached.HostBootId == bootId && cached.Kernel == kernel?.Kernel)
        {
            return new AcceleratorChoice(cached.Accelerator, cached.Reason);
        }

        var choice = await AcceleratorProbe.RunAsync(kernel, time, ct);
        try
        {
            AtomicFile.Write(paths.Accelerator, JsonSerializer.SerializeToUtf8Bytes(new CachedAccelerator(bootId, kernel?.Kernel, choice.Accelerator, choice.Reason), EndpointJson.Default.CachedAccelerator));
        }
        catch (IOException)
        {
            // A full disk costs the memory of the probe, not the start: the next one probes again.
        }

        return choice;
    }

    public static HostFacts Facts(EndpointPaths paths, QemuCapabilities capabilities) => new()
    {
        HostName = Environment.MachineName,
        CaissondVersion = Version,
        QemuVersion = capabilities.Version.ToString(),
        Accelerator = Word(capabilities.Accelerator),
        Cpus = Environment.ProcessorCount,
        MemoryBytes = MemoryBytes(),
        FreeDiskBytes = new DriveInfo(paths.Data).AvailableFreeSpace,
    };

    public static string Version { get; } = typeof(HostProbe).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    public static string Word(Accelerator accelerator) => accelerator == Accelerator.Kvm ? "kvm" : "tcg";

    private static CachedAccelerator? Load(EndpointPaths paths)
    {
        try
        {
            return AtomicFile.Read(paths.Accelerator) is { } json ? JsonSerializer.Deserialize(json, EndpointJson.Default.CachedAccelerator) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>MemTotal of /proc/meminfo (proc(5)), in KiB there.</summary>
    private static long MemoryBytes()
    {
        var line = File.ReadLines("/proc/meminfo").FirstOrDefault(l => l.StartsWith("MemTotal:", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kib, ..] && long.TryParse(kib, System.Globalization.CultureInfo.InvariantCulture, out var value) ? value * 1024 : 0;
    }
}
