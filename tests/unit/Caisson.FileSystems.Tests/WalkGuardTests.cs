namespace Caisson.FileSystems.Tests;

public sealed class WalkGuardTests
{
    [Fact]
    public void A_walk_that_only_goes_deeper_ends_soon() =>
        Assert.Contains("deep", Refusal(new Endless(width: 1)), StringComparison.Ordinal);

    [Fact]
    public void Large_directories_inside_each_other_end_before_they_fill_the_memory()
    {
        var before = GC.GetTotalAllocatedBytes();
        Assert.Contains("together", Refusal(new Endless(ReadLimits.MaxNamesPerDirectory - 1)), StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 300 << 20);
    }

    [Fact]
    public void What_a_walk_has_left_counts_no_more()
    {
        var (system, guard) = (new Endless(ReadLimits.MaxNamesPerDirectory - 1), new WalkGuard());
        for (var directory = 0ul; directory < 5; directory++)
        {
            using var entered = guard.Enter(system, Endless.Directory(directory));
            Assert.Equal(ReadLimits.MaxNamesPerDirectory - 1, entered.Names.Count);
        }
    }

    private static string Refusal(IFileSystem system)
    {
        var refused = Assert.Throws<FileSystemException>(() => FileWalk.All(system).Count());
        Assert.Equal(FileSystemFault.TooLarge, refused.Fault);
        return refused.Message;
    }

    /// <summary>Directories that hold nothing but directories, each another.</summary>
    private sealed class Endless(int width) : IFileSystem
    {
        private ulong _next = 1;

        public FileSystemKind Kind => FileSystemKind.Ext;

        public FileNode Root { get; } = Directory(0);

        public string? Unclean => null;

        public static FileNode Directory(ulong id) => new() { Id = id, Kind = FileKind.Directory, Bytes = 0 };

        public IReadOnlyList<NamedFile> List(FileNode directory) => [.. Enumerable.Range(0, width).Select(_ => new NamedFile("inner", Directory(_next++)))];

        public IEnumerable<FileRun>? Runs(FileNode file) => [];

        public void Read(FileNode file, long offset, Span<byte> buffer) => buffer.Clear();

        public string ReadLink(FileNode link) => "";

        public IEnumerable<ByteRange> FreeRanges() => [];
    }
}
