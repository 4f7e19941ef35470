using System.Collections.Concurrent;
using System.Threading.Channels;
using Caisson.Chunks;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Registry;
using Caisson.Images;
using Caisson.Protocol.Api;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Catalogue;

/// <summary>
/// Makes deltas, one at a time, with one thread of low priority. In this order: of each published generation from the one before (what is left to do is a column of
/// the generation, so a server that was killed goes on where it was); between pairs that endpoints have asked for; of each image's newest
/// generation from the last few; and when nothing else is to do, those again, smaller. Endpoints find a delta as a referrer of the new manifest,
/// and take packs where there is none.
/// </summary>
internal sealed partial class Deltas(IDbContextFactory<ServerDb> database, ImageStore store, ServerConfig config, TimeProvider time, ILogger<Deltas> logger) : BackgroundService
{
    /// <summary>Pairs asked for and not made yet. More are not remembered: who comes next asks again.</summary>
    private const int MostAsked = 16;

    /// <summary>ENOSPC, as <see cref="Exception.HResult"/> carries it.</summary>
    private const int NoSpace = 28;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<(string Image, string From, string To), bool> _asked = new();

    /// <summary>What failed since the server started: not tried again before the next start.</summary>
    private readonly HashSet<(string From, string To, DeltaEffort Effort)> _failed = [];

    /// <summary>Manifests as a question names them (<see cref="DeltaAsk.Short"/>), by image; as of the last round.</summary>
    private volatile HashSet<(string Image, string Manifest)> _published = [];
    private readonly Lock _gate = new();
    private CancellationTokenSource? _smallDelta;

    public void Wake()
    {
        // Something urgent came: making a delta that is there a little smaller can wait.
        lock (_gate)
        {
            _smallDelta?.Cancel();
        }

        _wake.Writer.TryWrite(true);
    }

    /// <summary>An endpoint asked for a tag of the image that no manifest has; it may be that it wants a delta.</summary>
    public void Heard(string image, string tag)
    {
        if (DeltaAsk.Read(tag) is not { } pair || _asked.Count >= MostAsked || !_asked.TryAdd((image, pair.From, pair.To), true))
        {
            return;
        }

        if (_published.Contains((image, pair.From)) && _published.Contains((image, pair.To)))
        {
            Wake();
        }
        else
        {
            _wake.Writer.TryWrite(true); // Most likely of a generation that was removed: looked at in its turn, and nothing is thrown away for it.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Wake();
        await foreach (var _ in _wake.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                while (await NextAsync(stoppingToken) is { } wanted)
                {
                    await MakeAsync(wanted, stoppingToken);
                }
            }
            catch (Exception e) when (e is DbUpdateException or SqliteException or IOException or ImageStoreException)
            {
                // Database or store cannot be used: most often a full disk. What is left to do is still there afterwards.
                LogWaiting(logger, e);
                await Task.Delay(s_patience, time, stoppingToken);
                Wake();
            }
        }
    }

    private async Task<WantedDelta?> NextAsync(CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var generations = await db.Generations.AsNoTracking().OrderBy(g => g.Id)
            .Select(g => new PublishedGeneration(g.Image!.Name, g.Number, g.ManifestDigest, g.DeltaState == DeltaState.Pending ? g.DeltaFrom : null)).ToListAsync(cancellationToken);
        _published = [.. generations.Select(g => (g.Image, DeltaAsk.Short(g.ManifestDigest)))];
        var asked = _asked.Keys.ToList();
        foreach (var wanted in DeltaWishes.InOrder(generations, asked, config.DeltaGenerations, config.SmallDeltaSeconds > 0))
        {
            if (!_failed.Contains(Key(wanted)) && (wanted.IsPending || IsMissing(wanted)))
            {
                return wanted;
            }
        }

        // What failed is remembered as asked, so that twenty thousand PCs do not ask for it again.
        asked.RemoveAll(pair => _failed.Any(f => DeltaAsk.Short(f.From) == pair.From && DeltaAsk.Short(f.To) == pair.To));
        asked.ForEach(pair => _asked.TryRemove(pair, out _));
        return null;
    }

    private bool IsMissing(WantedDelta wanted)
    {
        try
        {
            return !(store.FindDelta(wanted.From.ManifestDigest, wanted.To.ManifestDigest)?.Effort >= wanted.Effort);
        }
        catch (ChunkException e)
        {
            // Damage in the store is for check and repair to mend; it must not end the server, nor keep other deltas from being made.
            LogFailed(logger, wanted.Image, wanted.From.Number, wanted.To.Number, e.Message);
            _failed.Add(Key(wanted));
            return false;
        }
    }

    private async Task MakeAsync(WantedDelta wanted, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        SetSmallDelta(wanted.Effort == DeltaEffort.Small ? stop : null);
        var (made, problem) = ((StoredDelta?)null, (string?)null);
        try
        {
            var options = new DeltaOptions { IsBackground = true, Effort = wanted.Effort, Budget = TimeSpan.FromSeconds(config.SmallDeltaSeconds) };
            made = await store.CreateDeltaAsync(wanted.From.ManifestDigest, wanted.To.ManifestDigest, options, time, progress: null, stop.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return; // Made way for something urgent; it will be wanted again.
        }
        catch (Exception e) when (e is not (OperationCanceledException or IOException { HResult: NoSpace } or ImageStoreException { Error: ImageStoreError.NoSpace }))
        {
            LogFailed(logger, wanted.Image, wanted.From.Number, wanted.To.Number, e.Message);
            problem = e.Message;
        }
        finally
        {
            SetSmallDelta(null);
        }

        await SaveAsync(wanted, made, problem, cancellationToken);
        if (made is null)
        {
            _failed.Add(Key(wanted));
        }
    }

    private static (string From, string To, DeltaEffort Effort) Key(WantedDelta wanted) => (wanted.From.ManifestDigest, wanted.To.ManifestDigest, wanted.Effort);

    private void SetSmallDelta(CancellationTokenSource? making)
    {
        lock (_gate)
        {
            _smallDelta = making;
        }
    }

    private async Task SaveAsync(WantedDelta wanted, StoredDelta? made, string? problem, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var generation = await db.Generations.FirstOrDefaultAsync(g => g.ManifestDigest == wanted.To.ManifestDigest && g.Image!.Name == wanted.Image, cancellationToken);
        if (generation is null)
        {
            return;
        }

        var isShown = generation.DeltaFrom == wanted.From.Number;
        if (made is not null)
        {
            await db.AddBlobsAsync(wanted.Image, await store.BlobsOfAsync(made.ManifestDigest, cancellationToken), cancellationToken);
        }

        if (isShown && made is not null)
        {
            (generation.DeltaState, generation.DeltaBytes, generation.DeltaProblem) = (DeltaState.Ready, made.Bytes, null);
        }
        else if (isShown && wanted.IsPending)
        {
            (generation.DeltaState, generation.DeltaProblem) = (DeltaState.Failed, problem);
        }

        if (wanted.Effort == DeltaEffort.Fast)
        {
            db.Record(time, "server", made is null ? ActivityKinds.DeltaFailed : ActivityKinds.DeltaReady, made is null
                ? $"The update of '{wanted.Image}' from generation {wanted.From.Number} to {wanted.To.Number} could not be made; PCs take the whole of what they lack. {problem}"
                : $"The update of '{wanted.Image}' from generation {wanted.From.Number} to {wanted.To.Number} is ready: {made.Bytes} bytes.");
        }

        await db.SaveChangesAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 20, Level = LogLevel.Error, Message = "The delta of {Image} from {From} to {To} could not be made: {Why}")]
    private static partial void LogFailed(ILogger logger, string image, int from, int to, string why);

    [LoggerMessage(EventId = 21, Level = LogLevel.Error, Message = "Deltas wait half a minute: the database or the store cannot be used")]
    private static partial void LogWaiting(ILogger logger, Exception e);
}
