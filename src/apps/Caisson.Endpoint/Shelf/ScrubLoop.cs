using Caisson.Images;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Shelf;

/// <summary>Reads every complete image file through, a little each minute and at idle priority, and has damage mended in a new file.</summary>
internal sealed class ScrubLoop(ImageShelf shelf, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Tick, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            foreach (var shelved in shelf.Open.Where(image => image.Status.IsComplete))
            {
                await StepAsync(shelved, ct);
            }
        }
    }

    private async Task StepAsync(ShelvedImage shelved, CancellationToken ct)
    {
        var (left, began) = shelved.Image.ScrubPass;
        var bytes = ScrubPace.BytesNow(left, began, shelved.Image.LastScrub, time.GetUtcNow(), Tick);
        if (bytes == 0)
        {
            return;
        }

        try
        {
            var damaged = await shelved.Image.ScrubAsync(bytes, ct);
            await shelved.Image.MendAsync(damaged, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // No room for the new file, or the image was just removed. The next pass finds the damage again.
            Log.ImageProblem(log, shelved.Generation.ToString(), $"A damaged piece of the image file could not be replaced: {e.Message}");
        }
    }
}
