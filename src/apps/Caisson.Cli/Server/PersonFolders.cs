namespace Caisson.Cli.Server;

/// <summary>Where the person who calls keeps things: the folders of the XDG base directory specification, whether they are there yet or not.</summary>
internal static class PersonFolders
{
    public static string Data(string name) => In(Environment.SpecialFolder.LocalApplicationData, name);

    public static string Settings(string name) => In(Environment.SpecialFolder.ApplicationData, name);

    // Not verified: of a folder that is not there yet .NET would say "", and the store would be made where the person happens to stand.
    private static string In(Environment.SpecialFolder folder, string name) =>
        Path.Combine(Environment.GetFolderPath(folder, Environment.SpecialFolderOption.DoNotVerify), "caisson", name);
}
