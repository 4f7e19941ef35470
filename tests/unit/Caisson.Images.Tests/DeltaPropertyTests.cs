using CsCheck;

namespace Caisson.Images.Tests;

/// <summary>Any disk, and any disk made of it, in one.</summary>
public sealed class DeltaPropertyTests
{
    private const int BlockBytes = 4096;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What an update does to a disk: kind, from where, to where, how many bytes.</summary>
    private static readonly Gen<(int Kind, double From, double To, int Bytes)[]> Edits =
        Gen.Select(Gen.Int[0, 5], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Int[1, 400_000]).Array[0, 12];

    [Fact]
    public async Task Any_new_disk_comes_out_of_any_old_disk_and_the_delta_and_never_a_wrong_byte_out_of_a_damaged_one() =>
        await Gen.Select(Gen.Int[0, 1000], Gen.Int[1, 2_500_000], Edits, Gen.Int, Gen.Bool).SampleAsync(
            async (seed, bytes, edits, damage, isSmall) =>
            {
                using var folder = new TestFolder();
                var old = TestDisk.Content(seed, bytes);
                var next = Edit(old, edits, seed);
                var (_, first) = await TestDisk.ImportAsync(folder, old);
                var (store, second) = await TestDisk.ImportAsync(folder, next);
                var options = new DeltaOptions { Effort = isSmall ? Chunks.DeltaEffort.Small : Chunks.DeltaEffort.Fast };
                var delta = store.BlobPath((await store.CreateDeltaAsync(first.ManifestDigest, second.ManifestDigest, options, TimeProvider.System, null, Token)).BlobDigest);
                await File.WriteAllBytesAsync(folder["old.raw"], old, Token);

                await RawDelta.ApplyAsync(folder["old.raw"], delta, folder["new.raw"], TimeProvider.System, null, Token);
                Assert.Equal(next, await File.ReadAllBytesAsync(folder["new.raw"], Token));
                await AssertDamageIsFoundAsync(folder, delta, next, damage);
            },
            iter: 25,
            threads: 1);

    private static async Task AssertDamageIsFoundAsync(TestFolder folder, string delta, byte[] next, int damage)
    {
        var random = new Random(damage);
        var bytes = await File.ReadAllBytesAsync(delta, Token);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        await File.WriteAllBytesAsync(folder["damaged"], random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes, Token);
        File.Delete(folder["new.raw"]);
        try
        {
            await RawDelta.ApplyAsync(folder["old.raw"], folder["damaged"], folder["new.raw"], TimeProvider.System, null, Token);
            Assert.Equal(next, await File.ReadAllBytesAsync(folder["new.raw"], Token));
        }
        catch (ImageStoreException)
        {
            Assert.Empty(Directory.GetFiles(folder.Path, "new.raw*"));
        }
    }

    private static byte[] Edit(byte[] old, (int Kind, double From, double To, int Bytes)[] edits, int seed)
    {
        var random = new Random(seed);
        var disk = old.ToList();
        foreach (var (kind, from, to, bytes) in edits)
        {
            var start = (int)(from * disk.Count);
            var length = Math.Min(bytes, disk.Count - start);
            switch (kind)
            {
                case 0: // moved blocks
                    disk.InsertRange((int)(to * disk.Count) / BlockBytes * BlockBytes, disk.GetRange(start, length / BlockBytes * BlockBytes));
                    break;
                case 1: // bytes inserted, so that all behind moves
                    disk.InsertRange(start, Enumerable.Range(0, bytes / 40).Select(_ => (byte)random.Next(256)));
                    break;
                case 2: // single bytes changed
                    for (var at = start; at < start + length; at += 1 + random.Next(60))
                    {
                        disk[at]++;
                    }

                    break;
                case 3: // rewritten
                    for (var at = start; at < start + length; at++)
                    {
                        disk[at] = (byte)random.Next(256);
                    }

                    break;
                case 4: // discarded
                    for (var at = start; at < start + length; at++)
                    {
                        disk[at] = 0;
                    }

                    break;
                default: // cut away
                    disk.RemoveRange(start, Math.Min(length, disk.Count - 1));
                    break;
            }
        }

        return [.. disk];
    }
}
