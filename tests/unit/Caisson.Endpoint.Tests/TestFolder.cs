namespace Caisson.Endpoint.Tests;

/// <summary>A folder with a short name (Unix sockets), gone at the end.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("ce-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
