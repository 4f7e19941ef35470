using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Caisson.Protocol;
using Caisson.Trust;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Server;

/// <summary>What a poll brought: a state, whether it is new or confirmed, and whether somebody is watching.</summary>
internal sealed record PollResult(DesiredState State, bool IsWatched);

/// <summary>
/// Asks for the desired state: at the time the server gave, held while the server holds, backing off while it is away.
/// </summary>
internal sealed class DesiredStatePoller(ServerLink link, DesiredStateStore store, ServerClock clock, TimeProvider time, ILogger log)
{
    private const int LargestDocument = 4 << 20;
    private const int LongestHoldSeconds = 30;
    private static readonly TimeSpan DefaultPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly Backoff backoff = new();
    private EntityTagHeaderValue? etag;
    private DesiredState? last;
    private int holdSeconds;

    public string? Problem { get; private set; }

    public DateTimeOffset? LastContactAt { get; private set; }

    /// <summary>Polls until cancelled; <paramref name="arrived"/> sees each answer, new or confirmed, and <paramref name="settled"/> runs after each poll, good or bad.</summary>
    public async Task RunAsync(Action<PollResult> arrived, Action settled, CancellationToken ct)
    {
        while (true)
        {
            TimeSpan pause;
            try
            {
                pause = await PollAsync(arrived, ct);
                backoff.Reset();
                if (Problem is not null)
                {
                    Log.ServerBack(log);
                }

                Problem = null;
            }
            catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or TrustException or OperationCanceledException or IOException)
            {
                pause = backoff.Next();
                holdSeconds = 0;
                Problem = e is OperationCanceledException ? "The server does not answer." : e.Message;
                Log.PollFailed(log, Problem, pause.TotalSeconds);
            }

            settled();
            await Task.Delay(pause, time, ct);
        }
    }

    /// <summary>One poll; returns how long to wait for the next.</summary>
    internal async Task<TimeSpan> PollAsync(Action<PollResult> arrived, CancellationToken ct)
    {
        var held = etag is null ? 0 : holdSeconds;
        using var request = new HttpRequestMessage(HttpMethod.Get, held > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Routes.DesiredState}?wait={held}") : Routes.DesiredState);
        if (etag is not null)
        {
            request.Headers.IfNoneMatch.Add(etag);
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30 + held), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token); // the caller, or the time limit
        using var answer = await link.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        clock.Heard(answer.Headers.Date);
        holdSeconds = Math.Clamp(ReadSeconds(answer, Routes.HoldHeader) ?? 0, 0, LongestHoldSeconds);
        if (answer.StatusCode != HttpStatusCode.NotModified)
        {
            answer.EnsureSuccessStatusCode();
            last = store.Accept(await ReadBoundedAsync(answer, either.Token));
            etag = answer.Headers.ETag;
            Log.DesiredState(log, last.Sequence, last.Workspaces.Count, last.Orders.Count);
        }

        LastContactAt = time.GetUtcNow();
        if (last is not null)
        {
            arrived(new PollResult(last, IsWatched: holdSeconds > 0));
        }

        var next = ReadSeconds(answer, Routes.NextPollHeader) is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultPause;
        return holdSeconds > 0 ? TimeSpan.Zero : next < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : next > LongestPause ? LongestPause : next;
    }

    private static int? ReadSeconds(HttpResponseMessage answer, string header) =>
        answer.Headers.TryGetValues(header, out var values) && double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && double.IsFinite(seconds)
            ? (int)Math.Clamp(seconds, 0, 1e6) : null;

    private static async Task<byte[]> ReadBoundedAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        await answer.Content.LoadIntoBufferAsync(LargestDocument, ct);
        return await answer.Content.ReadAsByteArrayAsync(ct);
    }
}
