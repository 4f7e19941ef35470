using System.Security.Cryptography;
using System.Text;

namespace Caisson.Machines;

/// <summary>At most one network card, with an address that follows the machine over generations.</summary>
internal static class Network
{
    public static void Add(OptionList options, WorkspaceSpec spec)
    {
        if (spec.Network is not NetworkMode.User)
        {
            return;
        }

        options.Add("-netdev", "user", ("id", "net"));
        options.Add("-device", "virtio-net-pci", ("netdev", "net"), ("mac", Address(spec)));
    }

    private static string Address(WorkspaceSpec spec)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"caisson mac {spec.MachineId}"));
        return $"52:54:00:{hash[0]:x2}:{hash[1]:x2}:{hash[2]:x2}";
    }
}
