using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>A folder that goes away with the test, and disks with content from a seed.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder() => Path = Directory.CreateTempSubdirectory("caisson-test-").FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

internal static class TestDisk
{
    /// <summary>Half compressible data in runs, holes between them, some content twice; the size is no multiple of 4 KiB.</summary>
    public static byte[] Content(int seed, int bytes = 3_000_123)
    {
        var random = new Random(seed);
        var disk = new byte[bytes];
        var position = 0;
        while (position < bytes)
        {
            var run = Math.Min(random.Next(1, 80) * Limits.BlockBytes, bytes - position);
            var kind = random.Next(4);
            if (kind == 0)
            {
                random.NextBytes(disk.AsSpan(position, run));
            }
            else if (kind == 1)
            {
                for (var i = 0; i < run; i++)
                {
                    disk[position + i] = (byte)"Caisson "[(i + position) % 8];
                }

                random.NextBytes(disk.AsSpan(position, Math.Min(run, 2000)));
            }
            else if (kind == 2 && position > run)
            {
                disk.AsSpan(0, run).CopyTo(disk.AsSpan(position));
            }

            position += run;
        }

        return disk;
    }

    /// <summary>The same disk after an update: some blocks rewritten, some inserted so that what follows moves, some zeroed.</summary>
    public static byte[] Updated(byte[] disk, int seed)
    {
        var random = new Random(seed);
        var copy = (byte[])disk.Clone();
        for (var i = 0; i < 10; i++)
        {
            random.NextBytes(copy.AsSpan(random.Next(copy.Length - 5000), 3000));
        }

        var from = copy.Length / 2 / Limits.BlockBytes * Limits.BlockBytes;
        disk.AsSpan(from, copy.Length / 4).CopyTo(copy.AsSpan(from + (5 * Limits.BlockBytes)));
        copy.AsSpan(8 * Limits.BlockBytes, 4 * Limits.BlockBytes).Clear();
        return copy;
    }

    public static async Task<(ImageStore Store, StoredGeneration Generation)> ImportAsync(TestFolder folder, byte[] disk, string name = "work")
    {
        var store = ImageStore.Open(folder["store"]);
        var file = folder[$"disk-{Guid.NewGuid():n}.raw"];
        await File.WriteAllBytesAsync(file, disk, TestContext.Current.CancellationToken);
        var generation = await store.ImportAsync(new ImportRequest { File = file, Name = name, Format = ImageFormat.Raw }, TimeProvider.System, null, TestContext.Current.CancellationToken);
        File.Delete(file);
        return (store, generation);
    }
}
