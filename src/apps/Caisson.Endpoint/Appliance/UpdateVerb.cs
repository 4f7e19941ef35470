using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Caisson.Endpoint.Files;
using Caisson.FileSystems;
using Caisson.Slots;

namespace Caisson.Endpoint.Appliance;

/// <summary>`caissond appliance update`, as root: notes how earlier versions did, and writes the offered one into the spare slot.</summary>
internal static class UpdateVerb
{
    private const int LongestOffer = 4096;

    public static async Task<int> RunAsync(ApplianceOptions options, TimeProvider time, CancellationToken ct)
    {
        var file = new StateFile(options.StateFolder);
        using var alone = await file.LockAsync(time, ct);
        var system = RunningSystem.Find();
        var esp = new Esp(options.Esp);
        var writer = new SlotWriter(system, esp, file, time, ConsoleLine.Say);
        var rest = writer.Run(release: null);
        var offer = ReadOffer(options);
        do
        {
            Answer(offer, rest, writer, file, system, esp, options);
        }
        while (offer?.ManifestDigest != (offer = ReadOffer(options))?.ManifestDigest); // Offered while this one was written: nobody calls again.

        return 0;
    }

    private static void Answer(ApplianceOffer? offer, UpdateStep rest, SlotWriter writer, StateFile file, RunningSystem system, Esp esp, ApplianceOptions options)
    {
        var (step, problem) = offer is null ? (rest, null) : Take(writer, offer, options);
        var was = file.Read();
        var now = was with
        {
            Running = system.Version,
            OnTrial = !esp.Entries.Any(e => e.Version == system.Version && e.IsGood),
            Waiting = ((step ?? writer.Run(release: null)) as UpdateStep.Rest)?.Waiting,
            Offer = offer?.ManifestDigest,
            Problem = problem,
        };
        file.Write(now);
        Tell(was, now);
    }

    private static (UpdateStep? Step, string? Problem) Take(SlotWriter writer, ApplianceOffer offer, ApplianceOptions options)
    {
        try
        {
            using var image = File.OpenHandle(ImageFile(offer, options), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var release = Release.Read(new DiskFile(image));
            using var signer = X509CertificateLoader.LoadCertificateFromFile(options.Certificate);
            KernelSignature.Demand(release.Kernel, signer);
            var step = writer.Run(release);
            return (step, (step as UpdateStep.Refuse)?.Reason);
        }
        catch (Exception e) when (e is ReleaseException or FileNotFoundException or DirectoryNotFoundException or EndOfStreamException)
        {
            return (null, e.Message); // The offer's fault: it is answered, and the next one is looked at.
        }
    }

    private static ApplianceOffer? ReadOffer(ApplianceOptions options)
    {
        try
        {
            var file = new FileInfo(new EndpointPaths(options.DataFolder).ApplianceOffer);
            return file is { Exists: true, Length: > 0 and <= LongestOffer } && AtomicFile.Read(file.FullName) is { } json ? ApplianceOffer.Parse(json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The name is made here from a digest that is checked: caissond cannot send root to another file.</summary>
    private static string ImageFile(ApplianceOffer offer, ApplianceOptions options)
    {
        var digest = offer.ManifestDigest;
        var isDigest = digest.StartsWith("sha256:", StringComparison.Ordinal) && digest.Length == 71 && digest[7..].All(char.IsAsciiHexDigitLower);
        var path = isDigest ? Path.Combine(new EndpointPaths(options.DataFolder).Image(digest), "image.raw") : throw new ReleaseException("The offer names no image.");
        return File.ResolveLinkTarget(path, returnFinalTarget: false) is null ? path : throw new ReleaseException("The offered image is a link.");
    }

    private static void Tell(ApplianceState was, ApplianceState now)
    {
        if (now.Waiting is { } version)
        {
            ConsoleLine.Say($"update waits: version {version} is tried at the next restart");
        }

        if (now.Problem is { } problem && (problem != was.Problem || now.Offer != was.Offer))
        {
            ConsoleLine.Say($"update not taken: {problem}");
        }
    }
}
