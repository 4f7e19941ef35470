using System.Collections.Concurrent;
using Caisson.Chunks;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Server;
using Caisson.Images;
using Caisson.Nbd;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Shelf;

/// <summary>The generations on this PC: one folder and, while it is open, one NBD socket each. The only writer of the images folder.</summary>
internal sealed class ImageShelf(EndpointPaths paths, Func<string, IBlobSource> sourceOf, TimeProvider time, ILogger log, Func<long?> fillBytesPerSecond, Signal changed) : IAsyncDisposable
{
    private const string RemovingSuffix = ".removing";
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);

    /// <summary>A machine that shall start from a new image has begun by then.</summary>
    private static readonly TimeSpan StartPause = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan SpacePause = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, ShelvedImage> open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> busy = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> problems = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource leaving = new();

    /// <summary>What fills under way will still write, by manifest digest: two that begin together must not both count the same free space.</summary>
    private readonly Dictionary<string, long> promised = new(StringComparer.Ordinal);

    /// <summary>Whether a machine is starting from an image now; the line is then its own.</summary>
    public Func<string, bool> IsStarting { get; set; } = _ => false;

    public IEnumerable<ShelvedImage> Open => open.Values;

    /// <summary>By manifest digest: every folder and every image in hand.</summary>
    public IReadOnlyDictionary<string, ImageState> States
    {
        get
        {
            var states = OnDisk().ToDictionary(d => d, _ => ImageState.OnDisk, StringComparer.Ordinal);
            foreach (var (digest, image) in open)
            {
                states[digest] = image.State;
            }

            foreach (var digest in busy.Keys)
            {
                states[digest] = ImageState.Busy;
            }

            return states;
        }
    }

    public ShelvedImage? Find(string manifestDigest) => open.GetValueOrDefault(manifestDigest);

    /// <summary>Why an image is not here or does not fill; null when all is well.</summary>
    public string? Problem(string manifestDigest) => problems.GetValueOrDefault(manifestDigest)
        ?? (Find(manifestDigest) is { } image ? image.Status.Problem ?? image.Mended?.Sentence ?? Doubt(image.Status) : null);

    /// <summary>Finishes removals a crash interrupted.</summary>
    public void Sweep()
    {
        foreach (var folder in Directory.GetDirectories(paths.Images, "*" + RemovingSuffix))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Opens in the background; a second call while one is under way does nothing.</summary>
    public void BeginOpen(GenerationReference generation, string? seed) => Begin(generation.ManifestDigest, async () =>
    {
        try
        {
            await OpenAsync(generation, seed, leaving.Token);
            problems.TryRemove(generation.ManifestDigest, out _);
        }
        catch (Exception e) when (e is BlobSourceException or ChunkException or IOException or HttpRequestException)
        {
            Report(generation, e.Message);
            await Task.Delay(RetryPause, time, leaving.Token); // Planned again when this ends.
        }
    });

    /// <summary>Opens now. At a restart this comes before anything else: the machines' disks wait for these sockets.</summary>
    public async Task OpenAsync(GenerationReference generation, string? seed, CancellationToken ct)
    {
        var digest = generation.ManifestDigest;
        if (open.ContainsKey(digest))
        {
            return;
        }

        var image = await SelfFillingImage.OpenAsync(paths.Image(digest), digest, sourceOf(generation.Image), seed is null ? null : paths.Image(seed), time, e => Heard(generation, e), ct);
        NbdServer server;
        try
        {
            server = NbdServer.Listen(paths.NbdSocket(digest), ShelvedImage.ExportName, image, new NbdServerOptions());
        }
        catch
        {
            await image.DisposeAsync();
            throw;
        }

        var shelved = new ShelvedImage(generation, image, server, time.GetUtcNow());
        open[digest] = shelved;
        Log.ImageOpen(log, generation.ToString(), shelved.Status.PresentBytes, shelved.Status.ImageBytes);
        if (!shelved.Status.IsComplete)
        {
            shelved.BeginFilling((i, token) => FillAsync(generation, i, seed, token));
        }
    }

    public void BeginRemove(string manifestDigest) => Begin(manifestDigest, async () =>
    {
        if (open.TryRemove(manifestDigest, out var image))
        {
            await image.DisposeAsync();
        }

        var folder = paths.Image(manifestDigest);
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Move(folder, folder + RemovingSuffix); // A half-deleted folder must never be opened as an image.
                Directory.Delete(folder + RemovingSuffix, recursive: true);
            }
        }
        catch (IOException e)
        {
            problems[manifestDigest] = e.Message;
            Log.ImageProblem(log, manifestDigest, e.Message);
            await Task.Delay(RetryPause, time, leaving.Token); // Planned again when this ends.
            return;
        }

        problems.TryRemove(manifestDigest, out _);
        Log.ImageRemoved(log, manifestDigest);
    });

    public async ValueTask DisposeAsync()
    {
        await leaving.CancelAsync();
        await Task.WhenAll(busy.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var image in open.Values)
        {
            await image.DisposeAsync();
        }

        leaving.Dispose();
    }

    private async Task FillAsync(GenerationReference generation, SelfFillingImage image, string? seed, CancellationToken ct)
    {
        var opened = time.GetTimestamp();
        var options = new FillOptions
        {
            BytesPerSecond = fillBytesPerSecond,
            IsRestHeld = () => time.GetElapsedTime(opened) < StartPause || IsStarting(generation.ManifestDigest),
            Seeds = Others(generation, seed),
        };
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await WaitForSpaceAsync(generation, image, options.Seeds, ct);
                await PrepareAsync(generation, image, seed, ct);
                await image.FillAsync(options, ct);
                problems.TryRemove(generation.ManifestDigest, out _);
                changed.Set();
                return;
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                // Whatever it was: a filler that ends silently is a PC that never gets its update.
                Report(generation, e.Message);
                await Task.Delay(RetryPause, time, ct);
            }
            finally
            {
                lock (promised)
                {
                    promised.Remove(generation.ManifestDigest);
                }
            }
        }
    }

    private async Task PrepareAsync(GenerationReference generation, SelfFillingImage image, string? seed, CancellationToken ct)
    {
        try
        {
            if (seed is not null && Directory.Exists(paths.Image(seed)))
            {
                await image.PrepareFromDeltaAsync(paths.Image(seed), fillBytesPerSecond, ct);
            }
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            Log.ImageProblem(log, generation.ToString(), $"The delta could not be used: {e.Message} The rest comes from the packs.");
        }
    }

    /// <summary>Every other image on this disk, the one most like it first.</summary>
    private IReadOnlyList<string> Others(GenerationReference generation, string? seed) =>
        [.. OnDisk().Where(digest => digest != generation.ManifestDigest).OrderBy(digest => digest == seed ? 0 : Find(digest)?.Generation.Image == generation.Image ? 1 : 2).Select(paths.Image)];

    /// <summary>A download that cannot end is not begun: a disk that runs full stops every machine on it. What a guest reads still comes.</summary>
    private async Task WaitForSpaceAsync(GenerationReference generation, SelfFillingImage image, IReadOnlyList<string> seeds, CancellationToken ct)
    {
        while (Admit(generation, await Task.Run(() => image.BytesToAllocate(seeds), ct)) is { } refusal)
        {
            if (problems.GetValueOrDefault(generation.ManifestDigest) != refusal)
            {
                Report(generation, refusal);
            }

            await Task.Delay(SpacePause, time, ct);
        }

        problems.TryRemove(generation.ManifestDigest, out _);
    }

    /// <returns>Null: its bytes are promised to it. Else why not yet.</returns>
    private string? Admit(GenerationReference generation, long needed)
    {
        lock (promised)
        {
            var others = promised.Where(p => p.Key != generation.ManifestDigest && open.ContainsKey(p.Key))
                .Sum(p => Math.Min(p.Value, open[p.Key].Status is var status ? status.ImageBytes - status.PresentBytes : 0));
            var refusal = SpacePlan.Refusal(generation, needed, new DriveInfo(paths.Images).AvailableFreeSpace - others, Older(generation));
            if (refusal is null)
            {
                promised[generation.ManifestDigest] = needed;
            }

            return refusal;
        }
    }

    /// <summary>Older generations of the same image that are on this disk, except the newest whole one, which is what runs until the new one is here.</summary>
    private IReadOnlyList<(int Number, long Bytes)> Older(GenerationReference generation) =>
        [.. open.Values.Where(i => i.Generation.Image == generation.Image && i.Generation.Number < generation.Number)
            .OrderByDescending(i => i.State == ImageState.Complete).ThenByDescending(i => i.Generation.Number).Skip(1)
            .Select(i => (i.Generation.Number, i.Status.PresentBytes)).Order()];

    private static string? Doubt(FillStatus status) => status.UncheckedBytes == 0 ? null
        : $"The power went off, so its disk image is being compared: {100 - (status.UncheckedBytes * 100 / Math.Max(status.ImageBytes, 1))} % is done. It can be used meanwhile.";

    private void Begin(string digest, Func<Task> work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!busy.TryAdd(digest, done.Task))
        {
            return;
        }

        _ = RunAsync();

        async Task RunAsync()
        {
            try
            {
                await Task.Yield();
                await work();
            }
            catch (OperationCanceledException) when (leaving.IsCancellationRequested)
            {
                // caissond ends.
            }
            catch (Exception e)
            {
                problems[digest] = e.Message;
                Log.ImageProblem(log, digest, e.Message);
            }
            finally
            {
                busy.TryRemove(digest, out _);
                done.SetResult();
                changed.Set();
            }
        }
    }

    private void Heard(GenerationReference generation, FillEvent happened)
    {
        switch (happened)
        {
            case FillEvent.SourceAway away:
                Log.ImageProblem(log, generation.ToString(), away.Reason);
                break;
            case FillEvent.Corrupt corrupt:
                Log.ImageProblem(log, generation.ToString(), corrupt.Reason);
                break;
            case FillEvent.DiskTrouble trouble:
                Log.ImageProblem(log, generation.ToString(), trouble.Reason);
                break;
            case FillEvent.Compared compared:
                Log.ImageCompared(log, generation.ToString(), compared.Bytes, compared.DamagedChunks);
                break;
            case FillEvent.Mended mended:
                Log.ImageProblem(log, generation.ToString(), mended.Sentence);
                if (Find(generation.ManifestDigest) is { } image)
                {
                    image.Mended = new Mending(time.GetUtcNow(), mended.Sentence);
                }

                break;
            case FillEvent.Completed completed:
                Log.ImageComplete(log, generation.ToString(), completed.WireBytes);
                break;
        }

        changed.Set();
    }

    private void Report(GenerationReference generation, string problem)
    {
        problems[generation.ManifestDigest] = problem;
        Log.ImageProblem(log, generation.ToString(), problem);
        changed.Set();
    }

    private IEnumerable<string> OnDisk() => Directory.GetDirectories(paths.Images, "sha256-*")
        .Select(f => Path.GetFileName(f))
        .Where(n => !n.EndsWith(RemovingSuffix, StringComparison.Ordinal))
        .Select(n => n.Replace("sha256-", "sha256:", StringComparison.Ordinal));
}
