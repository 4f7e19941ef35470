using Caisson.Protocol;

namespace Caisson.Endpoint.Tests;

/// <summary>Values tests begin from.</summary>
internal static class Sample
{
    public static GenerationReference Generation(int number, string image = "work") => new(image, number, "sha256:" + new string((char)('a' + (number % 6)), 63) + (image == "work" ? '1' : '2'));

    public static DesiredWorkspace Workspace(string id = "work", WorkspaceKind kind = WorkspaceKind.Managed, int generation = 1) => new()
    {
        Id = new(id), Name = id, Kind = kind, Generation = Generation(generation, kind == WorkspaceKind.Personal ? "personal" : "work"), MemoryMiB = 512, Cpus = 1,
    };

    public static DesiredState State(long sequence, params DesiredWorkspace[] workspaces) => new()
    {
        Endpoint = new("pc-1"), Sequence = sequence, IssuedAt = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero), Workspaces = workspaces, Orders = [],
    };
}
