namespace Caisson.Demo.Hosts;

/// <summary>The built executables, side by side in one folder as <c>./dev</c> publishes them.</summary>
internal sealed record Apps(string Folder)
{
    public IReadOnlyList<string> Server(params string[] arguments) => Command("Caisson.ControlPlane", "caisson-server", arguments);

    public IReadOnlyList<string> Endpoint(params string[] arguments) => Command("Caisson.Endpoint", "caissond", arguments);

    public IReadOnlyList<string> Tool(params string[] arguments) => Command("Caisson.Cli", "caisson", arguments);

    private IReadOnlyList<string> Command(string project, string executable, string[] arguments) =>
        ["dotnet", Path.Combine(Folder, project, executable + ".dll"), .. arguments];
}
