using System.Globalization;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>
/// What the kernel keeps a workspace's QEMU to, as properties of its systemd scope (systemd.resource-control(5)). Work has twice the weight of
/// Personal, so that neither starves and Work is never the slower one.
/// </summary>
internal static class ScopeLimits
{
    private const int WorkWeight = 200;
    private const int PersonalWeight = 100;

    /// <summary>QEMU itself, its pictures and its disk buffers, beside a quarter of the guest's memory.</summary>
    private const int OwnMiB = 1024;

    public static IReadOnlyList<string> Of(WorkspaceSpec spec)
    {
        var limits = spec.Limits ?? new WorkspaceLimits();
        var weight = spec.Kind == WorkspaceKind.Personal ? PersonalWeight : WorkWeight;
        var memory = limits.MemoryMaxMiB ?? spec.MemoryMiB + (spec.MemoryMiB / 4) + OwnMiB;
        var properties = new List<string>
        {
            "CPUWeight=" + Weight(limits.CpuWeight ?? weight),
            "IOWeight=" + Weight(limits.IoWeight ?? weight),
            "MemoryMax=" + Number(Math.Max(memory, spec.MemoryMiB)) + "M",
        };
        if (limits.CpuPercent is { } percent)
        {
            properties.Add("CPUQuota=" + Number(Math.Max(percent, 1)) + "%");
        }

        return properties;
    }

    private static string Weight(int weight) => Number(Math.Clamp(weight, 1, 10_000));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
