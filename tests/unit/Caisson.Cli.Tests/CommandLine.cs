using System.Text.Json;

namespace Caisson.Cli.Tests;

/// <summary>The console is one for the whole process, so whoever redirects it runs alone.</summary>
[CollectionDefinition(nameof(CommandLine), DisableParallelization = true)]
public sealed class CommandLine
{
    /// <summary>Runs <c>caisson</c> in this process and takes what it prints.</summary>
    internal static async Task<Ran> RunAsync(params string[] arguments)
    {
        var (output, errors) = (Console.Out, Console.Error);
        using var outText = new StringWriter();
        using var errorText = new StringWriter();
        try
        {
            Console.SetOut(outText);
            Console.SetError(errorText);
            return new Ran(await CaissonCommand.RunAsync(arguments), outText.ToString(), errorText.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }
    }
}

/// <summary>What one command line came to.</summary>
internal sealed record Ran(int ExitCode, string Output, string Errors)
{
    /// <summary>All of standard output as one JSON value; throws if it is anything else.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>Failed with this code, nothing on standard output and one line on standard error that begins with the program's name.</summary>
    public void IsRefusal(int exitCode, string says)
    {
        Assert.Equal((exitCode, ""), (ExitCode, Output));
        Assert.StartsWith("caisson: ", Errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', Errors.TrimEnd('\n'));
        Assert.Contains(says, Errors, StringComparison.Ordinal);
    }
}
