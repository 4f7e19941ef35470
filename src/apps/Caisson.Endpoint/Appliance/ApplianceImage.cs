using System.Text.Json;
using Caisson.Endpoint.Files;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Shelf;
using Caisson.Protocol;
using Caisson.Slots;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Appliance;

/// <summary>
/// caissond's part of an update of the appliance: prepares its image on the shelf like any other, and offers it when it is whole. It has no right to
/// write a slot; root takes the offer or not, and says so in a file.
/// </summary>
/// <param name="stateFolder">Root's folder; null on a PC with a Linux of its own.</param>
internal sealed class ApplianceImage(EndpointPaths paths, string? stateFolder, ImageShelf shelf, ILogger log)
{
    private const string NotHere = "This PC runs Caisson on a Linux of its own: that Linux is updated by whoever keeps it, not by Caisson. Take the appliance's image from its group.";

    private readonly StateFile? file = stateFolder is null ? null : new StateFile(stateFolder);
    private volatile GenerationReference? wanted;

    public void Want(DesiredState state) => wanted = state.Appliance;

    /// <summary>Images the shelf keeps for it: the one on its way, and the one here, from which the next is made.</summary>
    public IReadOnlySet<string> Kept => ((string?[])[file is null ? null : wanted?.ManifestDigest, ReadOffer()?.ManifestDigest]).OfType<string>().ToHashSet(StringComparer.Ordinal);

    /// <summary>What to begin now; offers what has become whole.</summary>
    public PlanAction? Step(IReadOnlyDictionary<string, ImageState> images)
    {
        if (file is null || wanted is not { } generation)
        {
            return null;
        }

        var here = ReadOffer();
        switch (images.GetValueOrDefault(generation.ManifestDigest, ImageState.OnDisk))
        {
            case ImageState.OnDisk:
                return new PlanAction.OpenImage(generation, here is not null && here.ManifestDigest != generation.ManifestDigest && images.ContainsKey(here.ManifestDigest) ? here.ManifestDigest : null);
            case ImageState.Complete when here?.ManifestDigest != generation.ManifestDigest && shelf.Find(generation.ManifestDigest)?.Status.UncheckedBytes == 0:
                AtomicFile.Write(paths.ApplianceOffer, new ApplianceOffer(generation.Image, generation.Number, generation.ManifestDigest).ToJson());
                Log.ApplianceOffered(log, generation.ToString());
                return null;
            default:
                return null;
        }
    }

    public ApplianceReport? Report()
    {
        if (file is null)
        {
            return wanted is null ? null : new ApplianceReport { Problem = NotHere };
        }

        var state = file.Read();
        var fill = wanted is { } generation ? shelf.Find(generation.ManifestDigest)?.Status : null;
        return new ApplianceReport
        {
            Version = state.Running == 0 ? null : state.Running,
            OnTrial = state.OnTrial,
            Floor = state.Floor,
            Waiting = state.Waiting,
            Refused = [.. state.Refused.Select(r => new RefusedAppliance(r.Version, r.Reason, r.At))],
            Generation = wanted?.Number,
            PresentBytes = fill?.PresentBytes ?? 0,
            ImageBytes = fill?.ImageBytes ?? 0,
            Problem = wanted is null ? null : shelf.Problem(wanted.ManifestDigest) ?? (state.Offer == wanted.ManifestDigest ? state.Problem : null),
        };
    }

    private ApplianceOffer? ReadOffer()
    {
        try
        {
            return AtomicFile.Read(paths.ApplianceOffer) is { } json ? ApplianceOffer.Parse(json) : null;
        }
        catch (JsonException)
        {
            return null; // Offered again.
        }
    }
}
