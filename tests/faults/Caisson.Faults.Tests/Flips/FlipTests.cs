using System.Globalization;
using Caisson.Chunks;
using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Faults.Tests.Flips;

/// <summary>
/// Single flipped bits at rest, anywhere: none gives a wrong byte out of the store or to a guest, a check or a scrub finds each that matters, and the
/// product's own repair, not the test, puts each right. The percentages are of one number and add up to 100.
/// </summary>
public sealed class FlipTests : IDisposable
{
    /// <summary>Flips in all: some for CI, 10,000 by command.</summary>
    private static readonly int Flips = int.Parse(Environment.GetEnvironmentVariable("CAISSON_FLIPS") ?? "400", CultureInfo.InvariantCulture);

    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(MediaTypes.Pack, 30)]
    [InlineData(MediaTypes.Index, 15)]
    [InlineData(MediaTypes.OciManifest, 5)]
    [InlineData(MediaTypes.Delta, 15)]
    public async Task A_flipped_bit_in_a_blob_is_never_shown_always_found_and_put_right_from_another_store(string mediaType, int percent)
    {
        var flipped = await FlippedStore.CreateAsync(_folder.Path);
        var sound = flipped.CopyTo(_folder.File("sound"));
        var blobs = flipped.BlobsOf(mediaType);
        var random = new Random(1);
        for (var i = 0; i < Flips * percent / 100; i++)
        {
            var digest = blobs[random.Next(blobs.Count)];
            var file = flipped.Store.BlobPath(digest);
            var flip = BitFlip.In(file, random);
            var check = await flipped.Store.CheckAsync(TimeProvider.System, null, Token);
            Assert.True(check.Problems.Any(problem => problem.Contains(digest, StringComparison.Ordinal)), $"{flip} in {mediaType} was not found.");
            await flipped.ShowsNothingWrongAsync(flip);

            var repair = await flipped.Store.RepairAsync([sound], [], TimeProvider.System, null, Token);
            Assert.Empty(repair.Left);
            Assert.Single(repair.Repaired);
            Assert.True(ChunkId.Of(await File.ReadAllBytesAsync(file, Token)).Digest == digest, $"{flip} in {mediaType} was not put right.");
        }

        Assert.Empty((await flipped.Store.CheckAsync(TimeProvider.System, null, Token)).Problems);
    }

    [Fact]
    public async Task A_flipped_bit_in_a_complete_image_is_found_by_the_scrub_and_mended_in_a_new_file()
    {
        const int Percent = 15;
        var flipped = await FlippedStore.CreateAsync(_folder.Path);
        await using var image = await flipped.OpenAsync(_folder.File("image"));
        await image.FillAsync(() => null, Token);
        var random = new Random(4);
        for (var i = 0; i < Flips * Percent / 100; i++)
        {
            var flip = BitFlip.In(image.ImageFile, random);
            using var running = File.OpenHandle(image.ImageFile);
            var damaged = await File.ReadAllBytesAsync(image.ImageFile, Token);
            var found = await image.ScrubAsync(long.MaxValue, Token);
            Assert.False(found.IsClean, $"{flip} was not found by a scrub of the whole file.");
            await image.MendAsync(found, Token);
            Assert.True((await File.ReadAllBytesAsync(image.ImageFile, Token)).AsSpan().SequenceEqual(flipped.NewDisk), $"{flip} was not mended.");
            Assert.True((await image.ScrubAsync(long.MaxValue, Token)).IsClean);

            // A machine that has the file open sees no byte of it change.
            var read = new byte[damaged.Length];
            Assert.Equal(read.Length, RandomAccess.Read(running, read, 0));
            Assert.True(read.AsSpan().SequenceEqual(damaged), "A mend wrote to the file a machine had open.");
        }
    }

    /// <summary>Every second time in another boot, where the map is only a claim.</summary>
    [Fact]
    public async Task A_flipped_bit_in_a_presence_map_costs_a_download_and_no_wrong_byte()
    {
        const int Percent = 10;
        var flipped = await FlippedStore.CreateAsync(_folder.Path);
        var directory = _folder.File("image");
        await flipped.FillAsync(directory);
        var random = new Random(2);
        for (var i = 0; i < Flips * Percent / 100; i++)
        {
            var flip = BitFlip.In(Path.Combine(directory, "image.present"), random);
            await flipped.FillAsync(directory, boot: $"boot {i / 2}");
            Assert.True((await File.ReadAllBytesAsync(Path.Combine(directory, "image.raw"), Token)).AsSpan().SequenceEqual(flipped.NewDisk), $"{flip} in a map made wrong bytes.");
        }
    }

    [Fact]
    public async Task A_flipped_bit_in_an_old_image_never_enters_the_new_one()
    {
        const int Percent = 10;
        var flipped = await FlippedStore.CreateAsync(_folder.Path);
        var seed = _folder.File("old");
        await using (var old = await flipped.OpenAsync(seed, isOld: true))
        {
            await old.FillAsync(() => null, Token);
            var random = new Random(3);
            for (var i = 0; i < Flips * Percent / 100; i++)
            {
                var flip = BitFlip.In(old.ImageFile, random);
                var directory = _folder.File("new");
                await flipped.FillAsync(directory, seed: seed);
                Assert.True((await File.ReadAllBytesAsync(Path.Combine(directory, "image.raw"), Token)).AsSpan().SequenceEqual(flipped.NewDisk), $"{flip} in the old image came into the new one.");
                Directory.Delete(directory, recursive: true);
                await old.MendAsync(await old.ScrubAsync(long.MaxValue, Token), Token);
            }
        }
    }

    public void Dispose() => _folder.Dispose();
}
