using System.Diagnostics;

namespace Caisson.FileSystems.Tests;

/// <summary>Bytes flipped at random where the numbers are: whatever comes of it, an answer or the one exception, and soon.</summary>
public sealed class HostileTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("ext4")]
    [InlineData("ext2")]
    [InlineData("groups")]
    [InlineData("inline")]
    [InlineData("fat12")]
    [InlineData("fat32")]
    [InlineData("gpt")]
    [InlineData("mbr")]
    public void Flipped_bytes_never_throw_anything_else_nor_run_for_ever(string name)
    {
        var disk = MemoryDisk.Load(name);
        var interesting = Interesting(disk);
        var random = new Random(name.Sum(character => character));
        var (refused, started) = (0, Stopwatch.GetTimestamp());
        for (var round = 0; round < 125; round++)
        {
            var places = Enumerable.Range(0, random.Next(1, 6)).Select(_ => (At: interesting[random.Next(interesting.Count)], Value: Value(random))).ToList();
            var before = places.ConvertAll(place => disk.Content[place.At]);
            foreach (var (at, value) in places)
            {
                disk.Content[at] = value;
            }

            refused += TryRead(disk) ? 0 : 1;
            for (var i = places.Count - 1; i >= 0; i--)
            {
                disk.Content[places[i].At] = before[i];
            }
        }

        Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"{name} took {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s");
        Assert.InRange(refused, 1, 124);
        Assert.True(TryRead(disk));
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("fat12")]
    [InlineData("gpt")]
    public void A_disk_cut_short_anywhere_is_refused_or_read(string name)
    {
        var whole = MemoryDisk.Load(name).Content;
        for (var length = 0; length < whole.Length; length += (length / 3) + 517)
        {
            TryRead(new MemoryDisk(whole[..length]));
        }
    }

    [Fact]
    public void A_directory_that_contains_itself_ends_in_a_refusal()
    {
        var disk = MemoryDisk.Load("ext2");
        var system = FileSystem.TryOpen(disk)!;
        var deep = FileWalk.Find(system, "deep")!;
        var block = system.Runs(deep)!.First().DiskOffset;

        // "a", the only directory in it, becomes "deep" itself.
        var at = disk.Content.AsSpan((int)block + 24);
        BitConverter.TryWriteBytes(at, (uint)deep.Id);

        Assert.Equal(FileSystemFault.Damaged, Assert.Throws<FileSystemException>(() => FileWalk.All(FileSystem.TryOpen(disk)!).Count()).Fault);
    }

    /// <summary>Reads all there is.</summary>
    /// <returns>False: refused.</returns>
    private static bool TryRead(MemoryDisk disk)
    {
        var isWhole = true;
        foreach (var part in Try(() => PartitionTable.Read(disk), ref isWhole) ?? [])
        {
            var inside = part.On(disk);
            Try(() => FileSystem.MeaninglessRanges(inside).Count(), ref isWhole);
            if (Try(() => FileSystem.TryOpen(inside), ref isWhole) is { } system)
            {
                Try(() => FileWalk.All(system).Sum(entry => ReadSome(system, entry.File)), ref isWhole);
            }
        }

        return isWhole;
    }

    private static long ReadSome(IFileSystem system, FileNode file)
    {
        if (file.Kind == FileKind.SymbolicLink)
        {
            return system.ReadLink(file).Length;
        }

        if (file.Kind != FileKind.Regular)
        {
            return 0;
        }

        system.Read(file, 0, new byte[(int)Math.Min(file.Bytes, 1 << 16)]);
        return system.Runs(file)?.Sum(run => run.Bytes) ?? 0;
    }

    private static T? Try<T>(Func<T> read, ref bool isWhole)
    {
        try
        {
            return read();
        }
        catch (FileSystemException)
        {
            isWhole = false;
            return default;
        }
    }

    private static byte Value(Random random) => random.Next(4) switch { 0 => 0, 1 => 0xff, 2 => 0x80, _ => (byte)random.Next(256) };

    /// <summary>Places that are not zero outside the files' own content, most of them numbers; content is told by a block without zeros.</summary>
    private static List<int> Interesting(MemoryDisk disk)
    {
        var found = new List<int>();
        for (var block = 0; block < disk.Content.Length; block += 512)
        {
            var bytes = disk.Content.AsSpan(block, Math.Min(512, disk.Content.Length - block));
            if (bytes.Count((byte)0) < 20)
            {
                continue;
            }

            for (var i = 0; i < bytes.Length; i++)
            {
                if (bytes[i] != 0)
                {
                    found.Add(block + i);
                }
            }
        }

        return found;
    }
}
