namespace Caisson.Cli.Tests;

[Collection(nameof(CommandLine))]
public sealed class UsageTests
{
    [Theory]
    [InlineData("store import", "--store --name --format --json")]
    [InlineData("store list", "--store --json")]
    [InlineData("store export", "--store --json name@generation out.raw")]
    [InlineData("store delta", "--store --out --json from to")]
    [InlineData("store apply", "--base --delta --out --json")]
    [InlineData("store check", "--store --json")]
    [InlineData("store copy", "--store --to --json name@generation")]
    [InlineData("image push", "--store --username --password-file --ca-file --plain-http --json registry")]
    [InlineData("image pull", "--store --username --password-file --ca-file --plain-http --json registry")]
    [InlineData("source list", "--json")]
    [InlineData("source add", "--image --first --json kind address")]
    [InlineData("image import", "--store --format --release --json")]
    [InlineData("image list", "--json --server --token-file")]
    [InlineData("image show", "--json")]
    [InlineData("image release", "--json")]
    [InlineData("image test", "--json")]
    [InlineData("image retire", "--json")]
    [InlineData("group list", "--json")]
    [InlineData("assignment list", "--json")]
    [InlineData("pc list", "--json")]
    [InlineData("enrolment", "")]
    [InlineData("workspace", "")]
    [InlineData("activity", "--json")]
    [InlineData("server", "init, run, backup, restore")]
    [InlineData("probe", "--json --root --try-kvm --probe-kernel")]
    public async Task Every_verb_says_what_it_takes(string verb, string named)
    {
        var help = await CommandLine.RunAsync([.. verb.Split(' '), "--help"]);

        Assert.Equal((0, ""), (help.ExitCode, help.Errors));
        Assert.All(named.Split(' ', StringSplitOptions.RemoveEmptyEntries), word => Assert.Contains(word, help.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Help_names_the_exit_codes() =>
        Assert.Contains("0 ok, 2 usage, 3 bad input, 4 damaged, 5 no space", (await CommandLine.RunAsync("--help")).Output, StringComparison.Ordinal);

    [Theory]
    [InlineData("sture list --store x", "caisson --help")]
    [InlineData("store", "caisson store --help")]
    [InlineData("store list", "caisson store list --help")]
    [InlineData("store import --store x --name work", "caisson store import --help")]
    [InlineData("store import --store x --name work --format floppy disk.raw", "caisson store import --help")]
    [InlineData("store check --store x --jsn", "caisson store check --help")]
    [InlineData("store apply --base a --delta b", "caisson store apply --help")]
    [InlineData("probe everything", "caisson probe --help")]
    [InlineData("probe --try-kvm --root /", "caisson probe --help")]
    public async Task A_wrong_command_line_is_one_sentence_that_names_the_help(string line, string help) =>
        (await CommandLine.RunAsync(line.Split(' '))).IsRefusal(2, $"'{help}'");

    [Theory]
    [InlineData("store list --store /nowhere/store", "caisson store import")]
    [InlineData("store check --store /nowhere/store", "caisson store import")]
    [InlineData("probe --root /nowhere/pc", "to read a PC from")]
    [InlineData("image list --token-file /nowhere/token", "caisson-server api-token")]
    [InlineData("image list --server localhost", "http://localhost:8480")]
    public async Task What_is_not_there_is_bad_input_and_the_sentence_says_what_to_do(string line, string says) =>
        (await CommandLine.RunAsync(line.Split(' '))).IsRefusal(3, says);
}
