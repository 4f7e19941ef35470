namespace Caisson.Cli.Tests;

[Collection(nameof(CommandLine))]
public sealed class PersonFolderTests
{
    private static readonly string Missing = Path.Combine(Path.GetTempPath(), "caisson-none-" + Guid.NewGuid().ToString("N"));

    [Fact]
    public async Task The_local_store_of_a_person_without_a_data_folder_is_made_in_one_and_not_where_they_stand()
    {
        var help = await WithAsync("XDG_DATA_HOME", Missing, ["image", "import", "--help"]);

        Assert.Contains(Path.Combine(Missing, "caisson", "store"), help.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_of_a_person_without_a_settings_folder_is_looked_for_in_one()
    {
        var list = await WithAsync("XDG_CONFIG_HOME", Missing, ["group", "list"]);

        Assert.Contains(Path.Combine(Missing, "caisson", "token"), list.Errors, StringComparison.Ordinal);
    }

    private static async Task<Ran> WithAsync(string variable, string value, string[] arguments)
    {
        var before = Environment.GetEnvironmentVariable(variable);
        Environment.SetEnvironmentVariable(variable, value);
        try
        {
            return await CommandLine.RunAsync(arguments);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, before);
        }
    }
}
