using System.Text;
using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>Missing, away, slow, wrong and busy: what each makes the chain do.</summary>
public sealed class SourceChainTests
{
    private const string Blob = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    private readonly SteppedTime _time = new();
    private readonly ScriptedSource _near = new("near");
    private readonly ScriptedSource _far = new("far");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private SourceChain Chain => field ??= new SourceChain([_near, _far], _time);

    [Fact]
    public async Task The_first_that_has_a_blob_gives_it()
    {
        Assert.Equal("near", await ReadAsync());
        Assert.Equal(0, _far.Asked);
    }

    [Fact]
    public async Task What_the_first_lacks_comes_from_the_next_and_the_first_is_asked_again_each_time()
    {
        _near.Answer = _ => throw Failure(BlobSourceError.Missing);
        Assert.Equal("far", await ReadAsync());
        Assert.Equal("far", await ReadAsync());
        Assert.Equal(2, _near.Asked);
    }

    [Fact]
    public async Task One_that_is_away_is_left_alone_for_a_while_and_then_tried_again()
    {
        _near.Answer = _ => throw Failure(BlobSourceError.Away);
        Assert.Equal("far", await ReadAsync());
        Assert.Equal("far", await ReadAsync());
        Assert.Equal(1, _near.Asked);

        _near.Answer = null;
        _time.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal("near", await ReadAsync());
    }

    [Fact]
    public async Task One_that_rests_is_asked_all_the_same_when_no_other_has_the_blob()
    {
        _near.Answer = _ => throw Failure(BlobSourceError.Away);
        await ReadAsync();
        _near.Answer = null;
        _far.Answer = _ => throw Failure(BlobSourceError.Missing);

        Assert.Equal("near", await ReadAsync());
    }

    [Fact]
    public async Task One_that_gave_wrong_bytes_of_a_blob_is_not_asked_for_that_blob_in_a_while_but_for_others()
    {
        var buffer = new byte[10];
        (await Chain.ReadRangeAsync(Blob, 0, buffer, Token)).Reject(Blob);

        Assert.Equal("far", await ReadAsync());
        Assert.Equal("near", await ReadAsync(Blob.Replace('0', '1')));
        Assert.Equal([Blob], _near.Rejected);
        _time.Pass(TimeSpan.FromMinutes(11));
        Assert.Equal("near", await ReadAsync());
    }

    [Fact]
    public async Task Wrong_bytes_are_asked_again_of_the_same_source_when_there_is_no_other()
    {
        _far.Answer = _ => throw Failure(BlobSourceError.Missing);
        (await Chain.ReadRangeAsync(Blob, 0, new byte[10], Token)).Reject(Blob);

        Assert.Equal("near", await ReadAsync());
    }

    [Fact]
    public async Task One_that_stalls_is_overtaken_told_to_stop_and_then_left_alone()
    {
        var stopped = new TaskCompletionSource();
        _near.Answer = async stop =>
        {
            stop.Register(() => stopped.SetResult());
            await Task.Delay(Timeout.Infinite, stop);
        };
        var read = ReadAsync();
        Assert.False(read.IsCompleted);
        Assert.Equal(0, _far.Asked);

        await PassUntilAsync(read);

        Assert.Equal("far", await read);
        await stopped.Task.WaitAsync(Token);
        Assert.Equal("far", await ReadAsync());
        Assert.Equal(1, _near.Asked);
    }

    [Fact]
    public async Task One_that_is_slow_but_first_after_all_counts()
    {
        var near = new TaskCompletionSource();
        _near.Answer = _ => near.Task;
        _far.Answer = stop => Task.Delay(Timeout.Infinite, stop);
        var read = ReadAsync();
        while (_far.Asked == 0)
        {
            _time.Pass(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        near.SetResult();
        Assert.Equal("near", await read);
    }

    [Fact]
    public async Task A_source_that_was_always_slow_is_given_its_time()
    {
        _near.Answer = _ => SlowAsync(TimeSpan.FromSeconds(2.5));
        await PassUntilAsync(ReadAsync());
        _near.Answer = _ => SlowAsync(TimeSpan.FromSeconds(8));
        var read = ReadAsync();
        await PassUntilAsync(read);

        Assert.Equal("near", await read);
        Assert.Equal(0, _far.Asked);
    }

    [Fact]
    public async Task What_all_lack_is_missing_and_what_one_may_still_have_is_away()
    {
        _near.Answer = _ => throw Failure(BlobSourceError.Missing);
        _far.Answer = _ => throw Failure(BlobSourceError.Missing);
        Assert.Equal(BlobSourceError.Missing, (await Assert.ThrowsAsync<BlobSourceException>(() => ReadAsync())).Error);

        _far.Answer = _ => throw Failure(BlobSourceError.Away);
        Assert.Equal(BlobSourceError.Away, (await Assert.ThrowsAsync<BlobSourceException>(() => ReadAsync())).Error);
    }

    [Fact]
    public async Task A_source_that_asks_to_be_left_alone_is_left_alone_and_the_reader_learns_for_how_long()
    {
        var chain = new SourceChain([_near], _time);
        _near.Answer = _ => throw Failure(BlobSourceError.Away, TimeSpan.FromSeconds(40));
        await Assert.ThrowsAsync<BlobSourceException>(() => chain.ReadRangeAsync(Blob, 0, new byte[10], Token));
        var second = await Assert.ThrowsAsync<BlobSourceException>(() => chain.ReadRangeAsync(Blob, 0, new byte[10], Token));

        Assert.Equal(1, _near.Asked);
        Assert.InRange(second.RetryAfter!.Value.TotalSeconds, 40, 50);
        _near.Answer = null;
        _time.Pass(TimeSpan.FromSeconds(51));
        await chain.ReadRangeAsync(Blob, 0, new byte[10], Token);
    }

    [Fact]
    public async Task A_wrong_manifest_is_never_handed_on()
    {
        var manifest = Encoding.ASCII.GetBytes("the right one");
        _near.Manifest = Encoding.ASCII.GetBytes("another");
        _far.Manifest = manifest;
        Assert.Equal(manifest, await Chain.ReadManifestAsync(ChunkId.Of(manifest).Digest, Token));
        Assert.Single(_near.Rejected);

        _far.Manifest = _near.Manifest;
        Assert.Equal(BlobSourceError.Invalid, (await Assert.ThrowsAsync<BlobSourceException>(() => Chain.ReadManifestAsync(ChunkId.Of(manifest).Digest, Token))).Error);
    }

    [Fact]
    public async Task Lists_of_deltas_are_joined_and_one_that_is_away_takes_nothing_from_them()
    {
        _near.Referrers = [Entry('1'), Entry('2')];
        _far.Referrers = [Entry('2'), Entry('3')];
        Assert.Equal(3, (await Chain.ListReferrersAsync(Blob, MediaTypes.Delta, Token)).Count);

        _near.Referrers = null;
        Assert.Equal(2, (await Chain.ListReferrersAsync(Blob, MediaTypes.Delta, Token)).Count);
        _far.Referrers = null;
        Assert.Equal(BlobSourceError.Away, (await Assert.ThrowsAsync<BlobSourceException>(() => Chain.ListReferrersAsync(Blob, MediaTypes.Delta, Token))).Error);
    }

    [Fact]
    public async Task An_image_with_a_poisoned_first_source_fills_from_the_second_and_asks_the_first_once_a_blob()
    {
        using var folder = new TestFolder();
        var disk = TestDisk.Content(7);
        var (store, generation) = await TestDisk.ImportAsync(folder, disk);
        var poisoned = new FaultySource(new DirectoryBlobSource(store));
        poisoned.CorruptNext(int.MaxValue);
        var (near, far) = (new SourceCount(), new SourceCount());
        var chain = new SourceChain([new CountedSource(poisoned, near), new CountedSource(new DirectoryBlobSource(store), far)], TimeProvider.System);

        // The index comes wrong at first, and whoever gave it is not asked for it again.
        await Assert.ThrowsAsync<ChunkException>(() => OpenAsync());
        await using var image = await OpenAsync();
        await image.FillAsync(() => null, Token);

        Assert.Equal(disk, await File.ReadAllBytesAsync(image.ImageFile, Token));
        Assert.InRange(near.Rejected, 1, 20);
        Assert.True(far.Bytes > 0); // Only what came wrong: of a run of frames, the sound ones are kept.

        Task<SelfFillingImage> OpenAsync() => SelfFillingImage.OpenAsync(folder["image"], generation.ManifestDigest, chain, new HastyTime(), null, Token);
    }

    private async Task<string> ReadAsync(string digest = Blob)
    {
        var buffer = new byte[10];
        var giver = await Chain.ReadRangeAsync(digest, 0, buffer, Token);
        Assert.All(buffer, b => Assert.Equal((byte)giver.Name[0], b));
        return giver.Name;
    }

    private Task SlowAsync(TimeSpan takes) => Task.Delay(takes, _time, Token);

    private async Task PassUntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            _time.Pass(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(task, Task.Delay(1, Token));
        }
    }

    private static BlobSourceException Failure(BlobSourceError error, TimeSpan? retryAfter = null) => new(error, "As the test wants it.") { RetryAfter = retryAfter };

    private static OciDescriptor Entry(char digit) => new() { MediaType = MediaTypes.OciManifest, Digest = "sha256:" + new string(digit, 64), Size = 1, ArtifactType = MediaTypes.Delta };

    /// <summary>Does what the test says; without a script it gives the first letter of its name.</summary>
    private sealed class ScriptedSource(string name) : IBlobSource
    {
        private int _asked;

        public string Name => name;

        public int Asked => Volatile.Read(ref _asked);

        public Func<CancellationToken, Task>? Answer { get; set; }

        public byte[] Manifest { get; set; } = [];

        public IReadOnlyList<OciDescriptor>? Referrers { get; set; }

        public List<string> Rejected { get; } = [];

        public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => Task.FromResult(Manifest);

        public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked);
            if (Answer is { } answer)
            {
                await answer(cancellationToken);
            }

            buffer.Span.Fill((byte)name[0]);
            return this;
        }

        public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
            Referrers is { } list ? Task.FromResult(list) : throw Failure(BlobSourceError.Away);

        public void Reject(string digest) => Rejected.Add(digest);
    }
}
