using System.CommandLine;
using System.Diagnostics;

namespace Caisson.Cli.Server;

/// <summary><c>caisson server …</c>: the same words go to <c>caisson-server</c>, which lies beside this program.</summary>
internal static class ServerCommand
{
    public static Command Create()
    {
        var words = new Argument<string[]>("arguments") { Description = "init, run, backup, restore, sign-in-link, api-token, site-cache; see `caisson server help`", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("server", "Run the control plane: init, run, backup, restore, sign-in-link, api-token") { words };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parsed, cancel) =>
        {
            using var process = Process.Start(Describe(WordsAfterServer()))
                ?? throw new ApiException("caisson-server could not be started.");
            await process.WaitForExitAsync(cancel);
            return process.ExitCode;
        });
        return command;
    }

    /// <summary>As typed: a parser would take the server's own options apart.</summary>
    private static IEnumerable<string> WordsAfterServer() =>
        Environment.GetCommandLineArgs().SkipWhile(word => !string.Equals(word, "server", StringComparison.Ordinal)).Skip(1);

    private static ProcessStartInfo Describe(IEnumerable<string> arguments)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "..", "Caisson.ControlPlane");
        var executable = Path.Combine(folder, "caisson-server");
        return File.Exists(executable)
            ? new ProcessStartInfo(executable, arguments) { UseShellExecute = false }
            : throw new ApiException($"The control plane is not installed beside this tool ({folder}).");
    }
}
