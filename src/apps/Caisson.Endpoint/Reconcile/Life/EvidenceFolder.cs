using System.Globalization;
using System.Text.Json;
using Caisson.Endpoint.Files;
using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>One kept piece of evidence and whether the server has it.</summary>
internal sealed record KeptEvidence(StartEvidence About, bool HasScreen, bool HasSerial, bool IsSent);

/// <summary>
/// What was seen of starts that failed, in one folder each: picture, end of the serial log, and last of all `about.json`, which makes it count.
/// Of a personal workspace nothing is ever kept.
/// </summary>
internal sealed class EvidenceFolder
{
    public const int SerialBytes = 64 * 1024;

    private const int Most = 4;
    private static readonly TimeSpan PictureLimit = TimeSpan.FromSeconds(15);

    private readonly WorkspaceRecord owner;
    private readonly string folder;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private IReadOnlyList<KeptEvidence> kept;

    public EvidenceFolder(WorkspaceRecord owner, string folder, TimeProvider time)
    {
        (this.owner, this.folder, this.time) = (owner, folder, time);
        // What a crash left without its about.json. Later nothing is swept by looking: one may be in the making.
        foreach (var unfinished in Folders().Where(f => Read(f) is null))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        kept = [.. Folders().Select(Read).OfType<KeptEvidence>().OrderByDescending(e => e.About.Id, StringComparer.Ordinal)];
    }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<KeptEvidence> Kept
    {
        get
        {
            lock (gate)
            {
                return kept;
            }
        }
    }

    public string ScreenFile(string id) => Path.Combine(folder, id, "screen.png");

    public string SerialFile(string id) => Path.Combine(folder, id, "serial.log");

    /// <summary>Takes the picture and the end of the serial log; durable on return.</summary>
    /// <param name="machine">Null when it is gone: then the driver may have kept its last picture.</param>
    public async Task GatherAsync(GenerationReference generation, StartFailure? failure, string text, Machine? machine, WorkspacePaths paths)
    {
        if (owner.Kind == WorkspaceKind.Personal)
        {
            throw new InvalidOperationException("Nothing is kept of what happens in a personal workspace.");
        }

        var now = time.GetUtcNow();
        var about = new StartEvidence { Id = "e-" + Guid.CreateVersion7(now).ToString("N", CultureInfo.InvariantCulture), Generation = generation.Number, At = now, Failure = failure, Text = text };
        // At the third panic the driver keeps the screen and ends the machine, which may still look alive from here.
        var screen = machine is null || failure == StartFailure.Panicked ? AtomicFile.Read(paths.LastScreen) : await PictureAsync(machine);
        var serial = EndOf(paths.SerialLog);
        if (screen is not null)
        {
            AtomicFile.Write(ScreenFile(about.Id), screen);
        }

        if (serial.Length > 0)
        {
            AtomicFile.Write(SerialFile(about.Id), serial);
        }

        Put(new KeptEvidence(about, screen is not null, serial.Length > 0, IsSent: false));
    }

    /// <summary>The server has the files of this one, or will never take them.</summary>
    public void Sent(string id)
    {
        if (Kept.FirstOrDefault(e => e.About.Id == id) is { } evidence)
        {
            Put(evidence with { IsSent = true });
        }
    }

    private void Put(KeptEvidence evidence)
    {
        AtomicFile.Write(Path.Combine(folder, evidence.About.Id, "about.json"), JsonSerializer.SerializeToUtf8Bytes(evidence, EndpointJson.Default.KeptEvidence));
        IReadOnlyList<KeptEvidence> all;
        lock (gate)
        {
            all = [.. kept.Where(e => e.About.Id != evidence.About.Id).Append(evidence).OrderByDescending(e => e.About.Id, StringComparer.Ordinal)];
            kept = [.. all.Take(Most)];
        }

        foreach (var old in all.Skip(Most).Select(e => Path.Combine(folder, e.About.Id)).Where(Directory.Exists))
        {
            Directory.Delete(old, recursive: true);
        }
    }

    private async Task<byte[]?> PictureAsync(Machine machine)
    {
        try
        {
            using var limit = new CancellationTokenSource(PictureLimit, time);
            return await machine.ScreenshotAsync(limit.Token);
        }
        catch (Exception e) when (e is MachineException or IOException or OperationCanceledException)
        {
            return null; // A QEMU that shows nothing is evidence too; the sentence and the log remain.
        }
    }

    private static byte[] EndOf(string path)
    {
        try
        {
            using var log = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            log.Seek(-Math.Min(log.Length, SerialBytes), SeekOrigin.End);
            var end = new byte[SerialBytes];
            return end[..log.ReadAtLeast(end, end.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    private string[] Folders() => Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];

    private static KeptEvidence? Read(string folder)
    {
        try
        {
            return AtomicFile.Read(Path.Combine(folder, "about.json")) is { } json ? JsonSerializer.Deserialize(json, EndpointJson.Default.KeptEvidence) : null;
        }
        catch (JsonException)
        {
            return null; // Damaged evidence is none.
        }
    }
}
