using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>What <c>appliance/build</c> leaves: built by the first test that asks, then found in the cache.</summary>
internal sealed record BuiltAppliance(string Folder)
{
    private static readonly SemaphoreSlim One = new(1);
    private static BuiltAppliance? built;

    public string Disk => Path.Combine(Folder, "appliance.raw");

    public string Medium => Path.Combine(Folder, "caisson-usb.raw");

    public string RootHash => File.ReadAllText(Path.Combine(Folder, "root.hash")).Trim();

    public static async Task<BuiltAppliance> GetAsync(CancellationToken cancellation)
    {
        Requirement.Need(Environment.UserName == "root", "building the appliance takes root.");
        await One.WaitAsync(cancellation);
        try
        {
            return built ??= new BuiltAppliance((await Command.RunAsync(Path.Combine(Checkout.Root, "appliance", "build"), [], cancellation)).Trim());
        }
        finally
        {
            One.Release();
        }
    }
}
