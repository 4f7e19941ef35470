namespace Caisson.Images.Tests;

public sealed class DeltaTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Old_disk_and_delta_give_the_new_disk(int seed)
    {
        var (old, updated) = await MakeAsync(seed);
        var delta = await DeltaFileAsync();

        await RawDelta.ApplyAsync(_folder["old.raw"], delta, _folder["new.raw"], TimeProvider.System, null, Token);

        Assert.Equal(updated, await File.ReadAllBytesAsync(_folder["new.raw"], Token));
        Assert.True(new FileInfo(delta).Length < old.Length / 2);
    }

    [Fact]
    public async Task A_wrong_base_is_refused_and_nothing_is_written()
    {
        var (old, _) = await MakeAsync(4);
        var delta = await DeltaFileAsync();
        old[1_000_000] ^= 1;
        await File.WriteAllBytesAsync(_folder["old.raw"], old, Token);

        var refused = await Assert.ThrowsAsync<ImageStoreException>(() => RawDelta.ApplyAsync(_folder["old.raw"], delta, _folder["new.raw"], TimeProvider.System, null, Token));

        Assert.Equal(ImageStoreError.BadInput, refused.Error);
        Assert.DoesNotContain(Directory.GetFiles(_folder.Path), file => file.Contains("new.raw", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_delta_is_refused_wherever_the_damage_is()
    {
        var (_, updated) = await MakeAsync(5);
        var delta = await File.ReadAllBytesAsync(await DeltaFileAsync(), Token);
        var random = new Random(5);
        var positions = Enumerable.Range(0, 40).Select(_ => random.Next(delta.Length)).Concat([0, 8, 9, 12, 20, 60, 124, delta.Length - 1]);
        foreach (var position in positions)
        {
            var damaged = (byte[])delta.Clone();
            damaged[position] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(_folder["damaged"], damaged, Token);
            try
            {
                await RawDelta.ApplyAsync(_folder["old.raw"], _folder["damaged"], _folder["new.raw"], TimeProvider.System, null, Token);
                Assert.Equal(updated, await File.ReadAllBytesAsync(_folder["new.raw"], Token));
            }
            catch (ImageStoreException e)
            {
                Assert.True(e.Error is ImageStoreError.Damaged or ImageStoreError.BadInput);
                Assert.False(File.Exists(_folder["new.raw"]));
            }

            File.Delete(_folder["new.raw"]);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_image_is_prepared_from_the_old_one_and_the_delta_alone(bool isOldComplete)
    {
        var (_, updated) = await MakeAsync(6);
        var generations = _store!.List();
        var delta = await _store.CreateDeltaAsync(generations[0].ManifestDigest, generations[1].ManifestDigest, TimeProvider.System, null, Token);
        var source = new DirectoryBlobSource(_store);
        await using (var old = await OpenAsync("a", generations[0], source))
        {
            if (isOldComplete)
            {
                await old.FillAsync(() => null, Token);
            }
            else
            {
                await old.ReadAsync(0, new byte[3_000_000], Token);
            }
        }

        var counted = new CountingSource(source);
        await using var image = await SelfFillingImage.OpenAsync(_folder["b"], generations[1].ManifestDigest, counted, _folder["a"], TimeProvider.System, null, Token);
        await image.PrepareFromDeltaAsync(_folder["a"], () => null, Token);
        Assert.True(!isOldComplete || counted.Bytes == delta.Bytes, $"{counted.Bytes} of {delta.Bytes}: the index comes out of the delta, and every byte of it once.");
        Assert.Equal(isOldComplete, image.Status.IsComplete);
        Assert.True(!isOldComplete || image.Status.WireBytes <= delta.Bytes);

        await image.FillAsync(() => null, Token);
        Assert.Equal(updated, await File.ReadAllBytesAsync(image.ImageFile, Token));
    }

    [Fact]
    public async Task A_damaged_old_image_and_a_faulty_source_cost_bytes_and_nothing_else()
    {
        var (_, updated) = await MakeAsync(7);
        var generations = _store!.List();
        await _store.CreateDeltaAsync(generations[0].ManifestDigest, generations[1].ManifestDigest, TimeProvider.System, null, Token);
        var source = new FaultySource(new DirectoryBlobSource(_store));
        await using (var old = await OpenAsync("a", generations[0], source))
        {
            await old.FillAsync(() => null, Token);
        }

        var raw = Path.Combine(_folder["a"], "image.raw");
        var bytes = await File.ReadAllBytesAsync(raw, Token);
        for (var at = 0; at < bytes.Length; at += 700_000)
        {
            bytes[at] ^= 0x11;
        }

        await File.WriteAllBytesAsync(raw, bytes, Token);
        await using var image = await OpenAsync("b", generations[1], source);
        source.FailNext(3);
        source.CorruptNext(4);
        await image.PrepareFromDeltaAsync(_folder["a"], () => null, Token);
        await image.FillAsync(() => null, Token);

        Assert.Equal(updated, await File.ReadAllBytesAsync(image.ImageFile, Token));
    }

    public void Dispose() => _folder.Dispose();

    private ImageStore? _store;

    private async Task<(byte[] Old, byte[] Updated)> MakeAsync(int seed)
    {
        var old = TestDisk.Content(seed, 9_000_123);
        var updated = TestDisk.Updated(old, seed);
        await TestDisk.ImportAsync(_folder, old);
        (_store, _) = await TestDisk.ImportAsync(_folder, updated);
        await File.WriteAllBytesAsync(_folder["old.raw"], old, Token);
        return (old, updated);
    }

    private async Task<string> DeltaFileAsync()
    {
        var generations = _store!.List();
        var delta = await _store.CreateDeltaAsync(generations[0].ManifestDigest, generations[1].ManifestDigest, TimeProvider.System, null, Token);
        return _store.BlobPath(delta.BlobDigest);
    }

    private Task<SelfFillingImage> OpenAsync(string name, StoredGeneration generation, IBlobSource source) =>
        SelfFillingImage.OpenAsync(_folder[name], generation.ManifestDigest, source, TimeProvider.System, null, Token);
}
