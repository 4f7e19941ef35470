using System.Globalization;
using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Faults.Tests.Flips;

/// <summary>
/// Single flipped bits at rest, anywhere: none gives a wrong byte out of the store or to a guest, a check finds each, and each is mended.
/// </summary>
public sealed class FlipTests : IDisposable
{
    /// <summary>Flips in all: some for CI, 10,000 by command.</summary>
    private static readonly int Flips = int.Parse(Environment.GetEnvironmentVariable("CAISSON_FLIPS") ?? "1200", CultureInfo.InvariantCulture);

    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(MediaTypes.Pack, 35)]
    [InlineData(MediaTypes.Index, 15)]
    [InlineData(MediaTypes.OciManifest, 5)]
    [InlineData(MediaTypes.Delta, 15)]
    public async Task A_flipped_bit_in_a_blob_is_never_shown_and_always_found(string mediaType, int percent)
    {
        var flipped = await FlippedStore.CreateAsync(_folder.Path);
        var blobs = flipped.BlobsOf(mediaType);
        var random = new Random(1);
        for (var i = 0; i < Flips * percent / 100; i++)
        {
            var digest = blobs[random.Next(blobs.Count)];
            var file = flipped.Store.BlobPath(digest);
            using var flip = new BitFlip(file, random);
            var check = await flipped.Store.CheckAsync(TimeProvider.System, null, Token);
            Assert.True(check.Problems.Any(problem => problem.Contains(digest, StringComparison.Ordinal)), $"{flip} in {mediaType} was not found.");
            await flipped.ShowsNothingWrongAsync(flip.ToString());
        }

        Assert.Empty((await flipped.Store.CheckAsync(TimeProvider.System, null, Token)).Problems);
    }

    [Fact]
    public async Task A_flipped_bit_in_a_presence_map_costs_a_download_and_no_wrong_byte()
    {
        var flipped = await FlippedStore.CreateAsync(_folder.Path);
        var directory = _folder.File("image");
        await flipped.FillAsync(directory);
        var random = new Random(2);
        for (var i = 0; i < Flips * 10 / 100; i++)
        {
            BitFlip.Leave(Path.Combine(directory, "image.present"), random);
            await flipped.FillAsync(directory);
            Assert.True((await File.ReadAllBytesAsync(Path.Combine(directory, "image.raw"), Token)).AsSpan().SequenceEqual(flipped.NewDisk));
        }
    }

    [Fact]
    public async Task A_flipped_bit_in_an_old_image_never_enters_the_new_one()
    {
        var flipped = await FlippedStore.CreateAsync(_folder.Path);
        var seed = _folder.File("old");
        await flipped.FillAsync(seed, isOld: true);
        var random = new Random(3);
        for (var i = 0; i < Flips * 10 / 100; i++)
        {
            using var flip = new BitFlip(Path.Combine(seed, "image.raw"), random);
            var directory = _folder.File("new");
            await flipped.FillAsync(directory, seed: seed);
            Assert.True((await File.ReadAllBytesAsync(Path.Combine(directory, "image.raw"), Token)).AsSpan().SequenceEqual(flipped.NewDisk), $"{flip} in the old image came into the new one.");
            Directory.Delete(directory, recursive: true);
        }
    }

    public void Dispose() => _folder.Dispose();
}
