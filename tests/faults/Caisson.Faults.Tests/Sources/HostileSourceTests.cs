using System.Collections.Concurrent;
using System.Globalization;
using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Faults.Tests.Sources;

/// <summary>Registries that lie, break off, send away or serve something else: the fill goes on, and no wrong byte is shown.</summary>
public sealed class HostileSourceTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly ConcurrentQueue<FillEvent> _events = new();
    private int _lies;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Another_range_than_was_asked_is_refused() =>
        SurvivesAsync((asked, answer, whole) => answer.SendAsync("206 Partial Content", [$"Content-Range: bytes {asked.Offset + 1}-{asked.Offset + asked.Bytes}/{whole.Length}"], whole.AsMemory((int)asked.Offset, asked.Bytes)), isNoticed: true);

    [Fact]
    public Task Other_bytes_under_the_right_range_are_refused() =>
        SurvivesAsync((asked, answer, whole) => answer.SendAsync("206 Partial Content", [$"Content-Range: bytes {asked.Offset}-{asked.Offset + asked.Bytes - 1}/{whole.Length}"], whole.AsMemory(0, asked.Bytes)), isNoticed: true);

    [Fact]
    public Task A_range_without_saying_which_is_refused() =>
        SurvivesAsync((asked, answer, whole) => answer.SendAsync("206 Partial Content", [], whole.AsMemory((int)asked.Offset, asked.Bytes)), isNoticed: true);

    [Fact]
    public Task The_whole_blob_in_place_of_a_range_is_taken() =>
        SurvivesAsync((_, answer, whole) => answer.SendAsync("200 OK", [], whole), isNoticed: false);

    [Fact]
    public Task The_asked_bytes_as_if_they_were_the_whole_blob_are_refused() =>
        SurvivesAsync((asked, answer, whole) => answer.SendAsync("200 OK", [], whole.AsMemory((int)asked.Offset, asked.Bytes)), isNoticed: true);

    [Fact]
    public Task An_answer_that_ends_early_is_refused() =>
        SurvivesAsync(async (asked, answer, whole) =>
        {
            await answer.SendHeadAsync("206 Partial Content", [$"Content-Range: bytes {asked.Offset}-{asked.Offset + asked.Bytes - 1}/{whole.Length}", $"Content-Length: {asked.Bytes}"]);
            await answer.SendBytesAsync(whole.AsMemory((int)asked.Offset, asked.Bytes / 2));
        }, isNoticed: true);

    [Fact]
    public Task More_bytes_than_were_asked_do_no_harm() =>
        SurvivesAsync((asked, answer, whole) => answer.SendAsync("206 Partial Content", [$"Content-Range: bytes {asked.Offset}-{whole.Length - 1}/{whole.Length}"], whole.AsMemory((int)asked.Offset)), isNoticed: false);

    [Fact]
    public Task A_pack_of_another_image_is_refused()
    {
        var other = new byte[8 << 20];
        new Random(9).NextBytes(other);
        return SurvivesAsync((asked, answer, _) => answer.SendRangeAsync(other, asked), isNoticed: true);
    }

    [Fact]
    public Task A_redirect_in_a_circle_is_given_up() =>
        SurvivesAsync((asked, answer, _) => answer.SendAsync("307 Temporary Redirect", [$"Location: {asked.Path}"], default), isNoticed: true, lies: 200);

    [Fact]
    public Task A_redirect_into_the_files_of_this_machine_is_not_followed() =>
        SurvivesAsync((_, answer, _) => answer.SendAsync("302 Found", ["Location: file:///etc/passwd"], default), isNoticed: true);

    [Theory]
    [InlineData("401 Unauthorized")]
    [InlineData("403 Forbidden")]
    [InlineData("429 Too Many Requests")]
    [InlineData("500 Internal Server Error")]
    [InlineData("503 Service Unavailable")]
    public Task A_refusal_is_waited_out(string status) =>
        SurvivesAsync((_, answer, _) => answer.SendAsync(status, ["Retry-After: 1"], "go away"u8.ToArray()), isNoticed: true);

    [Fact]
    public Task An_answer_without_a_body_is_refused() => SurvivesAsync((_, answer, _) => answer.SendHeadAsync("204 No Content", []), isNoticed: true);

    [Fact]
    public Task An_answer_that_is_no_http_is_refused() => SurvivesAsync((_, answer, _) => answer.SendTextAsync("SSH-2.0-OpenSSH_9.2\r\n\r\n"), isNoticed: true);

    [Fact]
    public Task A_connection_that_is_closed_at_once_is_tried_again() => SurvivesAsync((_, _, _) => Task.CompletedTask, isNoticed: true, lies: 40);

    [Fact]
    public Task Headers_without_end_are_given_up() =>
        SurvivesAsync(async (_, answer, _) =>
        {
            await answer.SendTextAsync("HTTP/1.1 206 Partial Content\r\n");
            for (var i = 0; i < 100_000; i++)
            {
                await answer.SendTextAsync($"X-{i.ToString(CultureInfo.InvariantCulture)}: {new string('a', 1000)}\r\n");
            }
        }, isNoticed: true);

    public void Dispose() => _folder.Dispose();

    /// <summary>Fills an image while it is read in parts, from a server whose first answers for packs are lies.</summary>
    /// <param name="isNoticed">The lie is one that must not be taken.</param>
    private async Task SurvivesAsync(Func<Asked, Answer, byte[], Task> lie, bool isNoticed, int lies = 4)
    {
        _lies = lies;
        var published = await Published.CreateAsync(_folder.Path, Token);
        var packs = published.Store.ReadIndex(published.New.ManifestDigest).Packs.Select(pack => pack.Id.Digest).ToHashSet(StringComparer.Ordinal);
        await using var server = new HostileServer(published.Store, async (asked, answer) =>
        {
            if (!packs.Contains(asked.Blob!) || Interlocked.Decrement(ref _lies) < 0)
            {
                return false;
            }

            await lie(asked, answer, await File.ReadAllBytesAsync(published.Store.BlobPath(asked.Blob!), Token));
            return true;
        });
        using var client = new HttpClient { BaseAddress = server.Address };
        await using var image = await SelfFillingImage.OpenAsync(_folder.File("image"), published.New.ManifestDigest, new RegistryBlobSource(client, "work"), new HastyTime(), _events.Enqueue, Token);
        var fill = image.FillAsync(() => null, Token);
        var read = new byte[SampleDisks.New.Length];
        for (var at = 0; at < read.Length; at += 1_000_000)
        {
            await image.ReadAsync(at, read.AsMemory(at, Math.Min(1_000_000, read.Length - at)), Token);
        }

        await fill;
        Assert.True(read.AsSpan().SequenceEqual(SampleDisks.New));
        Assert.True((await File.ReadAllBytesAsync(image.ImageFile, Token)).AsSpan().SequenceEqual(SampleDisks.New));
        Assert.Equal((true, null), (image.Status.IsComplete, image.Status.Problem));
        Assert.True(Volatile.Read(ref _lies) < 0, "The server was not asked often enough to tell its lies.");
        Assert.Equal(isNoticed, _events.Any(e => e is FillEvent.Corrupt or FillEvent.SourceAway));
    }
}
