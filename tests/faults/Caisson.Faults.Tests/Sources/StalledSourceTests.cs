using System.Globalization;
using Caisson.Chunks;
using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Faults.Tests.Sources;

/// <summary>Requests of the background fill that never end: who reads other bytes meanwhile is served at once.</summary>
public sealed class StalledSourceTests : IDisposable
{
    /// <summary>Far below what a stalled request is given before it is given up.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly TestFolder _folder = new();
    private readonly TaskCompletionSource _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _asked;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_read_is_answered_while_every_background_request_stalls() => IsAnsweredAsync(answer => answer.StallAsync());

    [Fact]
    public Task A_read_is_answered_while_every_background_request_drips_a_byte_a_second() =>
        IsAnsweredAsync(async answer =>
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), answer.Closed);
                await answer.SendBytesAsync(new byte[1]);
            }
        });

    public void Dispose() => _folder.Dispose();

    private async Task IsAnsweredAsync(Func<Answer, Task> dawdle)
    {
        var published = await Published.CreateAsync(_folder.Path, Token);
        var index = published.Store.ReadIndex(published.New.ManifestDigest);
        var packs = index.Packs.Select(pack => pack.Id.Digest).ToHashSet(StringComparer.Ordinal);
        await using var server = new HostileServer(published.Store, async (asked, answer) =>
        {
            var number = packs.Contains(asked.Blob!) ? Interlocked.Increment(ref _asked) : int.MaxValue;
            if (number > Filler.Lanes)
            {
                return false;
            }

            await answer.SendHeadAsync("206 Partial Content", [string.Create(CultureInfo.InvariantCulture, $"Content-Range: bytes {asked.Offset}-{asked.Offset + asked.Bytes - 1}/*"), $"Content-Length: {asked.Bytes}"]);
            if (number == Filler.Lanes)
            {
                _stalled.SetResult();
            }

            await dawdle(answer);
            return true;
        });
        using var client = new HttpClient { BaseAddress = server.Address };
        await using var image = await SelfFillingImage.OpenAsync(_folder.File("image"), published.New.ManifestDigest, new RegistryBlobSource(client, "work"), TimeProvider.System, null, Token);
        var fill = image.FillAsync(() => null, Token);
        await _stalled.Task.WaitAsync(Soon, Token);
        Assert.Equal(Filler.Lanes, Volatile.Read(ref _asked));

        // The filler goes by the order of the frames, so the last is on no lane yet.
        var map = new FrameMap(index);
        var extent = index.Extents[map.ExtentsOf(map.ChunksOf(index.Frames.Length - 1)[0])[0]];
        var read = new byte[4096];
        await image.ReadAsync(extent.Offset, read, Token).AsTask().WaitAsync(Soon, Token);
        Assert.True(read.AsSpan().SequenceEqual(SampleDisks.New.AsSpan((int)extent.Offset, read.Length)));

        // By requests of its own: the filler has no lane left that might have fetched it.
        Assert.InRange(_asked, Filler.Lanes + 1, int.MaxValue);
        Assert.False(fill.IsCompleted);
    }
}
