namespace Caisson.Cli.Tests;

[Collection(nameof(CommandLine))]
public sealed class InstallTests
{
    [Fact]
    public async Task Anywhere_but_on_its_medium_the_installer_says_where_it_runs_and_does_nothing()
    {
        var ran = await CommandLine.RunAsync("install");

        Assert.Equal((3, ""), (ran.ExitCode, ran.Output));
        Assert.Contains("runs on the installation medium only", ran.Errors, StringComparison.Ordinal);
    }
}
