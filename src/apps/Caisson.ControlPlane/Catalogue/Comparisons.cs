using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Live;
using Caisson.Images;
using Caisson.Protocol.Api;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Catalogue;

/// <summary>
/// What generations changed, in words: each with the one before by itself after it was published, other pairs when somebody asks. Made one at a
/// time; an answer is a file (DATA/comparisons) and never changes, since generations do not. Nobody waits here: who asks for what is not
/// made yet hears "pending" and asks again.
/// </summary>
internal sealed partial class Comparisons(IDbContextFactory<ServerDb> database, ImageStore store, DataFolder folder, Changes changes, TimeProvider time, ILogger<Comparisons> logger) : BackgroundService
{
    private const int MostWaiting = 256;
    private const int MostRemembered = 32;

    private readonly Channel<Pair> _asked = Channel.CreateBounded<Pair>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.Wait });
    private readonly ConcurrentDictionary<Pair, bool> _waiting = new();
    private readonly ConcurrentDictionary<Pair, GenerationComparison> _remembered = new();

    /// <summary>The answer, or "pending": then it will be made.</summary>
    public GenerationComparison Get(Pair pair)
    {
        if (_remembered.TryGetValue(pair, out var known) || TryLoad(pair, out known))
        {
            return known;
        }

        // A queue that is full is no reason to fail: whoever asks asks again.
        if (_waiting.TryAdd(pair, true) && !_asked.Writer.TryWrite(pair))
        {
            _waiting.TryRemove(pair, out _);
        }

        return pair.Answer(ComparisonState.Pending);
    }

    /// <summary>Both generations are still in the store.</summary>
    public bool CanCompare(Pair pair) => File.Exists(store.BlobPath(pair.FromDigest)) && File.Exists(store.BlobPath(pair.ToDigest));

    /// <summary>Compares a generation with the one before, in the background.</summary>
    public void Ask(string image, Generation before, Generation after) => Get(Pair.Of(image, before, image, after));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await AskForAllAsync(stoppingToken);
        await foreach (var pair in _asked.Reader.ReadAllAsync(stoppingToken))
        {
            Remember(pair, await MakeAsync(pair, stoppingToken));
            _waiting.TryRemove(pair, out _);
            changes.Pulse();
        }
    }

    /// <summary>What was published while no server ran, or before it could compare; the newest first, as many as may wait.</summary>
    private async Task AskForAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var db = await database.CreateDbContextAsync(cancellationToken);
            var all = await db.Generations.AsNoTracking().Include(g => g.Image).Where(g => g.DeltaFrom != null).OrderByDescending(g => g.Id).Take(MostWaiting).ToListAsync(cancellationToken);
            var numbers = all.Select(g => g.DeltaFrom).ToHashSet();
            var before = (await db.Generations.AsNoTracking().Where(g => numbers.Contains(g.Number)).ToListAsync(cancellationToken)).ToDictionary(g => (g.ImageId, g.Number));
            foreach (var generation in all.Where(g => g.State != GenerationState.Retired))
            {
                if (before.TryGetValue((generation.ImageId, generation.DeltaFrom!.Value), out var from) && CanCompare(Pair.Of(generation.Image!.Name, from, generation.Image.Name, generation)))
                {
                    Ask(generation.Image.Name, from, generation);
                }
            }
        }
        catch (Exception e) when (e is SqliteException or IOException)
        {
            // Only what nobody has looked at yet is lost: a page that shows it asks again.
            LogNotAsked(logger, e);
        }
    }

    private async Task<GenerationComparison> MakeAsync(Pair pair, CancellationToken cancellationToken)
    {
        try
        {
            var (from, to) = (Find(pair.FromDigest, pair.From), Find(pair.ToDigest, pair.To));
            var made = pair.Answer(ComparisonState.Ready) with { Changes = await new ImageComparison(store, time, progress: null).RunAsync(from, to, cancellationToken) };
            Directory.CreateDirectory(folder.Comparisons, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            DataFolder.WritePrivate(FileOf(pair), JsonSerializer.SerializeToUtf8Bytes(made, ApiJson.Default.GenerationComparison));
            return made;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Kept until the server starts again: a store that is mended meanwhile is not asked over and over.
            LogFailed(logger, e, pair.From, pair.To);
            return pair.Answer(ComparisonState.Failed) with { Problem = $"{pair.From} and {pair.To} could not be compared. {e.Message}" };
        }
    }

    private StoredGeneration Find(string digest, string name) => store.FindByDigest(digest) is { } found
        ? found with { Name = name[..name.LastIndexOf('@')], Number = int.Parse(name[(name.LastIndexOf('@') + 1)..], System.Globalization.CultureInfo.InvariantCulture) }
        : throw new ImageStoreException(ImageStoreError.BadInput, $"{name} is not in the store any more.");

    private bool TryLoad(Pair pair, out GenerationComparison known)
    {
        try
        {
            known = JsonSerializer.Deserialize(File.ReadAllBytes(FileOf(pair)), ApiJson.Default.GenerationComparison) ?? throw new JsonException("It is empty.");
            Remember(pair, known);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Not there, or not readable: it is made again.
            known = null!;
            return false;
        }
    }

    private void Remember(Pair pair, GenerationComparison made)
    {
        if (_remembered.Count >= MostRemembered)
        {
            _remembered.Clear();
        }

        _remembered[pair] = made;
    }

    // The number is raised when the same generations would get another answer: then old files are not found.
    private string FileOf(Pair pair) => Path.Combine(folder.Comparisons, $"{pair.FromDigest[7..]}-{pair.ToDigest[7..]}.1.json");

    [LoggerMessage(EventId = 22, Level = LogLevel.Error, Message = "{From} and {To} could not be compared")]
    private static partial void LogFailed(ILogger logger, Exception e, string from, string to);

    [LoggerMessage(EventId = 23, Level = LogLevel.Warning, Message = "The generations to compare could not be listed")]
    private static partial void LogNotAsked(ILogger logger, Exception e);

    /// <summary>Two generations, by what they are called and by their manifests.</summary>
    internal sealed record Pair(string From, string FromDigest, string To, string ToDigest)
    {
        public static Pair Of(string fromImage, Generation from, string toImage, Generation to) => new($"{fromImage}@{from.Number}", from.ManifestDigest, $"{toImage}@{to.Number}", to.ManifestDigest);

        public GenerationComparison Answer(ComparisonState state) => new() { From = From, To = To, State = state };
    }
}
