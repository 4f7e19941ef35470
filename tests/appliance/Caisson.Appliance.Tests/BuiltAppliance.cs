using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>What <c>appliance/build</c> leaves: built by the first test that asks, then found in the cache.</summary>
internal sealed record BuiltAppliance(string Folder)
{
    private static readonly SemaphoreSlim One = new(1);
    private static readonly Dictionary<string, BuiltAppliance> built = new(StringComparer.Ordinal);

    public string Disk => Path.Combine(Folder, "appliance.raw");

    public string Medium => Path.Combine(Folder, "caisson-usb.raw");

    public string RootHash => File.ReadAllText(Path.Combine(Folder, "root.hash")).Trim();

    public static Task<BuiltAppliance> GetAsync(CancellationToken cancellation) => BuildAsync([], cancellation);

    /// <summary>One of several versions of the same tree, which a test can try in minutes instead of ten.</summary>
    public static Task<BuiltAppliance> GetAsync(int version, CancellationToken cancellation) =>
        BuildAsync(["--version", $"{version}", "--healthy-seconds", "30", "--contact-seconds", "60"], cancellation);

    private static async Task<BuiltAppliance> BuildAsync(string[] options, CancellationToken cancellation)
    {
        Requirement.Need(Environment.UserName == "root", "building the appliance takes root.");
        await One.WaitAsync(cancellation);
        try
        {
            var key = string.Join(' ', options);
            return built.TryGetValue(key, out var known) ? known : built[key] = new BuiltAppliance((await Command.RunAsync(Path.Combine(Checkout.Root, "appliance", "build"), options, cancellation)).Trim());
        }
        finally
        {
            One.Release();
        }
    }
}
