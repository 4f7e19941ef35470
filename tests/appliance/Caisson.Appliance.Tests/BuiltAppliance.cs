using System.Diagnostics;
using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>What <c>appliance/build</c> leaves: built by the first test that asks, then found in the cache.</summary>
internal sealed record BuiltAppliance(string Folder)
{
    private static readonly SemaphoreSlim One = new(1);
    private static BuiltAppliance? built;

    public string Disk => Path.Combine(Folder, "appliance.raw");

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

internal static class Command
{
    /// <returns>What it printed. Throws when it fails, with what it said.</returns>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false })!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await errors}");
    }
}
