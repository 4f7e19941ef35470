namespace Caisson.Hardware;

/// <summary>Gives GPUs away one workspace after the other, each once, and says of each it does not give why not.</summary>
internal sealed class GpuGiving
{
    private readonly PciInventory _inventory;
    private readonly List<PciDevice> _hostDisplays;
    private readonly Dictionary<PciAddress, string> _givenTo = [];

    public GpuGiving(PciInventory inventory)
    {
        _inventory = inventory;
        _hostDisplays = HostDisplays(inventory);
    }

    /// <summary>GPUs of which nothing was given away. Only asked when all giving is done.</summary>
    public IEnumerable<PciDevice> Kept => _inventory.Gpus.Where(gpu => !_givenTo.ContainsKey(gpu.Address));

    public bool IsHostDisplay(PciDevice gpu) => _hostDisplays.Contains(gpu);

    public (GraphicsChoice.Passthrough? Choice, IReadOnlyList<string> Reasons) Give(GraphicsPolicy policy)
    {
        if (policy.Passthrough is PassthroughWish.None)
        {
            return (null, ["No GPU of its own: policy does not ask for one."]);
        }

        if (GeneralRefusal() is { } general)
        {
            return (null, [general]);
        }

        var reasons = new List<string>();
        foreach (var gpu in InOrderOfFitness(policy.Passthrough))
        {
            if (Refusal(gpu, policy.Passthrough) is { } refusal)
            {
                reasons.Add($"Not the {gpu}: {refusal}");
                continue;
            }

            var functions = PassedWith(gpu).ToList();
            functions.ForEach(f => _givenTo.Add(f.Address, policy.Workspace));
            var others = functions.Where(f => f != gpu).Select(f => f.ToString()).ToList();
            var reason = others is [] ? $"The {gpu} is its own." : $"The {gpu} is its own, and with it go: {string.Join(", ", others)}.";
            return (new GraphicsChoice.Passthrough([.. functions.Select(f => f.Address)], gpu.HasOutputs), [reason]);
        }

        return (null, reasons);
    }

    /// <summary>
    /// What the firmware drew on, or may have drawn on; where nothing says, the first GPU that can show anything. At least one GPU wherever
    /// there is one, so "never the only one" follows.
    /// </summary>
    private static List<PciDevice> HostDisplays(PciInventory inventory)
    {
        var gpus = inventory.Gpus.ToList();
        var boot = gpus.Where(gpu => gpu.BootVga is not false).ToList();
        return boot is [_, ..] ? boot : [.. gpus.OrderByDescending(gpu => gpu.HasOutputs).Take(1)];
    }

    private string? GeneralRefusal()
    {
        var why = _inventory.Gpus.ToList() switch
        {
            [] => "this PC shows none.",
            [var only] => $"the {only} is the only one, and the switcher needs it.",
            _ when !_inventory.IommuIsOn => "the IOMMU is off. Switch VT-d or AMD-Vi on in the firmware setup.",
            _ => null,
        };
        return why is null ? null : $"No GPU of its own: {why}";
    }

    private IEnumerable<PciDevice> InOrderOfFitness(PassthroughWish wish) =>
        wish is PassthroughWish.Compute ? _inventory.Gpus.OrderBy(gpu => gpu.HasOutputs) : _inventory.Gpus.OrderByDescending(gpu => gpu.HasOutputs);

    private string? Refusal(PciDevice gpu, PassthroughWish wish)
    {
        if (_givenTo.TryGetValue(gpu.Address, out var other))
        {
            return $"{other} has it.";
        }

        if (IsHostDisplay(gpu))
        {
            return _inventory.Gpus.Any(other => other != gpu && other.HasOutputs)
                ? "the switcher is on it. Choose another GPU as the first in the firmware setup to set it free."
                : "the switcher is on it.";
        }

        if (!gpu.HasOutputs && wish is PassthroughWish.Display)
        {
            return "it has no outputs of its own, what it draws leaves by another GPU. Policy may ask for it to compute with.";
        }

        return GroupRefusal(gpu);
    }

    private string? GroupRefusal(PciDevice gpu)
    {
        if (gpu.IommuGroup is not { } number)
        {
            return "it is in no IOMMU group, so nothing keeps it from the memory of others.";
        }

        var passed = PassedWith(gpu).ToList();
        var foreign = passed.Where(d => !d.Address.SharesSlotWith(gpu.Address)).ToList();
        if (foreign is [var first, ..])
        {
            var rest = foreign.Count == 1 ? "" : $" and {foreign.Count - 1} more";
            return $"the IOMMU cannot keep it apart from the {first}{rest} (group {number}). Another slot, or a newer firmware, may.";
        }

        // Two heads of one GPU, or virtual functions of it: where one goes, the other's picture is at its mercy.
        if (_hostDisplays.Any(display => display.Address.SharesSlotWith(gpu.Address)))
        {
            return "it is a part of the GPU that the switcher is on.";
        }

        if (passed.Find(d => d.Class is { IsStorage: true }) is { } storage)
        {
            return $"the {storage} would go with it.";
        }

        return passed.Find(d => _givenTo.ContainsKey(d.Address)) is { } taken ? $"{_givenTo[taken.Address]} has a part of it." : null;
    }

    /// <summary>A group goes as a whole. Its bridges stay: the kernel keeps them, and asks nothing else.</summary>
    private IEnumerable<PciDevice> PassedWith(PciDevice gpu) => _inventory.Group(gpu.IommuGroup!.Value).Where(d => d.Class is not { IsPciBridge: true });
}
