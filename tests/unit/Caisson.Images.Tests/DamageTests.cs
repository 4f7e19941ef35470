using System.Collections.Concurrent;
using Caisson.Chunks;
using CsCheck;

namespace Caisson.Images.Tests;

/// <summary>Whatever a source gives in place of a pack's bytes, wherever: the image shows the disk and nothing else.</summary>
public sealed class DamageTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private int _opened;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flipped_bit_anywhere_in_any_frame_is_fetched_again_and_never_shown()
    {
        var (disk, source, generation, index) = await MakeAsync();
        await Gen.Select(Gen.Int[0, index.Frames.Length - 1], Gen.Double[0, 1], Gen.Int[0, 7]).SampleAsync(async (frame, within, bit) =>
        {
            var entry = index.Frames[frame];
            var at = entry.Offset + Math.Min(entry.StoredBytes - 1, (int)(within * entry.StoredBytes));
            var lying = new LyingSource(source, index.Packs[entry.Pack].Id.Digest, at, (bytes, i) => bytes[i] ^= (byte)(1 << bit));
            var events = await ReadWholeAsync(disk, generation, lying);

            // zstd has bits that say nothing; a flip of one decodes to the same chunks, and they were verified.
            Assert.True(lying.Asked > 1 || !events.Any(e => e is FillEvent.Corrupt));
            Assert.True(entry.Encoding == FrameEncoding.Zstd || events.Any(e => e is FillEvent.Corrupt));
        }, iter: 100, threads: 1);
    }

    [Fact]
    public async Task The_first_and_the_last_byte_of_every_frame_count()
    {
        var (disk, source, generation, index) = await MakeAsync();
        foreach (var frame in index.Frames)
        {
            foreach (var at in (int[])[frame.Offset, frame.Offset + frame.StoredBytes - 1])
            {
                await ReadWholeAsync(disk, generation, new LyingSource(source, index.Packs[frame.Pack].Id.Digest, at, (bytes, i) => bytes[i] ^= 0xff));
            }
        }
    }

    [Fact]
    public async Task Zeros_noise_and_bytes_in_another_order_are_never_shown()
    {
        var (disk, source, generation, index) = await MakeAsync();
        var random = new Random(1);
        foreach (var frame in index.Frames)
        {
            foreach (var lie in (Action<byte[], int>[])[(bytes, _) => bytes.AsSpan().Clear(), (bytes, _) => random.NextBytes(bytes), (bytes, _) => bytes.AsSpan().Reverse()])
            {
                var events = await ReadWholeAsync(disk, generation, new LyingSource(source, index.Packs[frame.Pack].Id.Digest, frame.Offset, lie));
                Assert.Contains(events, e => e is FillEvent.Corrupt);
            }
        }
    }

    [Fact]
    public async Task A_source_that_lies_about_manifest_or_index_opens_nothing()
    {
        var (disk, source, generation, _) = await MakeAsync();
        var layer = ImageStore.Open(_folder["store"]).ReadManifest(generation.ManifestDigest).IndexLayer();
        for (var at = 0; at < layer.Size; at += 97)
        {
            await Assert.ThrowsAsync<ChunkException>(() => OpenAsync(generation, new LyingSource(source, layer.Digest, at, (bytes, i) => bytes[i] ^= 1), null));
        }

        await Assert.ThrowsAsync<ChunkException>(() => OpenAsync(generation, new LyingSource(source, generation.ManifestDigest, 20, (bytes, i) => bytes[i] ^= 1), null));
        await ReadWholeAsync(disk, generation, source);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(byte[] Disk, DirectoryBlobSource Source, StoredGeneration Generation, ImageIndex Index)> MakeAsync()
    {
        var disk = TestDisk.Content(11, 1_500_123);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        return (disk, new DirectoryBlobSource(store), generation, store.ReadIndex(generation.ManifestDigest));
    }

    /// <summary>Fills an image and reads all of it meanwhile, in parts, as a guest would.</summary>
    private async Task<ConcurrentQueue<FillEvent>> ReadWholeAsync(byte[] disk, StoredGeneration generation, IBlobSource source)
    {
        var events = new ConcurrentQueue<FillEvent>();
        await using var image = await OpenAsync(generation, source, events.Enqueue);
        var fill = image.FillAsync(() => null, Token);
        var read = new byte[disk.Length];
        for (var at = 0; at < read.Length; at += 100_000)
        {
            await image.ReadAsync(at, read.AsMemory(at, Math.Min(100_000, read.Length - at)), Token);
        }

        await fill;
        Assert.True(read.AsSpan().SequenceEqual(disk));
        Assert.Equal((true, null), (image.Status.IsComplete, image.Status.Problem));
        return events;
    }

    private Task<SelfFillingImage> OpenAsync(StoredGeneration generation, IBlobSource source, Action<FillEvent>? events) =>
        SelfFillingImage.OpenAsync(_folder[$"image-{_opened++}"], generation.ManifestDigest, source, new HastyTime(), events, Token);

    /// <summary>Tells one lie about the bytes at one place of one blob, the first time they are asked, then the truth.</summary>
    private sealed class LyingSource(IBlobSource inner, string blob, long at, Action<byte[], int> lie) : IBlobSource
    {
        private int _asked;

        public string Name => inner.Name;

        /// <summary>How often the place was asked.</summary>
        public int Asked => _asked;

        public async Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken)
        {
            var bytes = await inner.ReadManifestAsync(reference, cancellationToken);
            if (reference == blob)
            {
                lie(bytes, (int)at);
            }

            return bytes;
        }

        public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            await inner.ReadRangeAsync(digest, offset, buffer, cancellationToken);
            if (digest == blob && at >= offset && at < offset + buffer.Length && Interlocked.Increment(ref _asked) == 1)
            {
                var bytes = buffer.ToArray();
                lie(bytes, (int)(at - offset));
                bytes.CopyTo(buffer);
            }

            return this;
        }

        public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
            inner.ListReferrersAsync(digest, artifactType, cancellationToken);

        public void Reject(string digest) => inner.Reject(digest);
    }
}
