using System.Diagnostics;

namespace Caisson.Vm.Tests.Endpoint;

/// <summary>The folder of the tiny guest, built once per recipe by guests/build.</summary>
internal static class TinyGuest
{
    public static async Task<string> FolderAsync(CancellationToken ct)
    {
        using var build = Process.Start(new ProcessStartInfo(Path.Combine(RepositoryRoot(), "guests", "build"), ["tiny"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = await build.StandardOutput.ReadToEndAsync(ct);
        await build.WaitForExitAsync(ct);
        Assert.Equal(0, build.ExitCode);
        return output.Trim();
    }

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Caisson.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run inside a checkout.");
        }

        return folder;
    }
}
