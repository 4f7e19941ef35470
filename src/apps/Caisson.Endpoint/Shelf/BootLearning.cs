using System.Net.Http.Headers;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Server;
using Caisson.Images;
using Caisson.Machines;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Shelf;

/// <summary>
/// Takes from a streamed start in which order it read the disk, some seconds after the guest has spoken, and gives that to the server once. Only
/// from a start that began on an image opened before it, and never while a personal workspace runs from the same image: what it reads is nobody's
/// business.
/// </summary>
internal sealed class BootLearning(ImageShelf shelf, ServerLink link, TimeProvider time, ILogger log)
{
    /// <summary>The desktop loads a little more after the first heartbeat.</summary>
    private static readonly TimeSpan LittleMore = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(60);

    public async Task StepAsync(IReadOnlyList<WorkspaceOwner> owners, CancellationToken ct)
    {
        foreach (var image in shelf.Open)
        {
            var users = owners.Where(o => o.Machine?.Spec.OsBaseId == image.Generation.ManifestDigest).ToList();
            if (users.Any(o => o.Record.Kind == WorkspaceKind.Personal))
            {
                image.Image.TakeBootProfile();
            }
            else if (users.Exists(o => HasJustStarted(o, image)) && image.Image.TakeBootProfile() is { Entries.Length: > 0 } profile)
            {
                await SendAsync(image.Generation, profile, ct);
            }
        }
    }

    private bool HasJustStarted(WorkspaceOwner owner, ShelvedImage image) =>
        owner.Status is { StartedAt: { } started, FirstHeartbeatAt: { } first } && started >= image.OpenedAt && time.GetUtcNow() - first >= LittleMore;

    /// <summary>A hint: what does not arrive is not sent again, another PC's will.</summary>
    private async Task SendAsync(GenerationReference generation, BootProfile profile, CancellationToken ct)
    {
        try
        {
            using var limit = new CancellationTokenSource(SendLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token); // caissond's end, or the time limit
            using var content = new ByteArrayContent(BootProfileFormat.Encode(profile));
            content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.BootProfile);
            using var answer = await link.Http.PostAsync($"{Routes.BootProfiles}/{generation.Image}/{generation.ManifestDigest}", content, either.Token);
            answer.EnsureSuccessStatusCode();
            Log.BootLearned(log, generation.ToString(), profile.Entries.Length);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or OperationCanceledException or IOException)
        {
            Log.BootNotSent(log, generation.ToString(), e.Message);
        }
    }
}
