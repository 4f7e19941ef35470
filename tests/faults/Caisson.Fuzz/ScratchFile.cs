namespace Caisson.Fuzz;

/// <summary>An input as a file, for parsers that take one; gone afterwards.</summary>
internal sealed class ScratchFile : IDisposable
{
    public ScratchFile(byte[] bytes)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"caisson-fuzz-{Guid.NewGuid():n}");
        File.WriteAllBytes(Path, bytes);
    }

    public string Path { get; }

    public void Dispose() => File.Delete(Path);
}
