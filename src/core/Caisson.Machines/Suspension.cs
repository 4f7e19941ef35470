using System.Text.Json;

namespace Caisson.Machines;

/// <summary>
/// A suspended machine on disk: this record, and the memory beside it. The record is written last and removed first, so while it is there
/// the memory is whole and no disk is newer: it appears after everything is durable, and it is gone, durably, before the guest runs again.
/// </summary>
internal sealed record Suspension
{
    public int FormatVersion { get; init; } = 1;

    /// <summary>The machine goes on as this, whatever is wanted meanwhile.</summary>
    public required WorkspaceSpec Spec { get; init; }

    /// <summary>Everything about QEMU and this PC that the memory fits; see <see cref="SuspensionRule.MachineOf"/>.</summary>
    public required IReadOnlyList<string> Machine { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>How often its loading was begun; counted before each.</summary>
    public int Attempts { get; init; }

    public static string Unfinished(WorkspacePaths paths) => paths.SuspendedMemory + ".new";

    /// <summary>Null when the workspace is not suspended.</summary>
    public static Suspension? Load(WorkspacePaths paths)
    {
        try
        {
            var read = JsonSerializer.Deserialize(File.ReadAllBytes(paths.Suspension), MachinesJson.Default.Suspension);
            return read?.FormatVersion == 1 && File.Exists(paths.SuspendedMemory) ? read : null;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>The moment of suspension: before it the workspace runs, after it it is suspended.</summary>
    /// <exception cref="IOException">It could not be; <see cref="Load"/> tells which of the two holds.</exception>
    public void Commit(WorkspacePaths paths)
    {
        Volumes.Sync(paths);
        AtomicFile.Publish(Unfinished(paths), paths.SuspendedMemory);
        Save(paths);
    }

    public void Save(WorkspacePaths paths) => AtomicFile.Write(paths.Suspension, JsonSerializer.SerializeToUtf8Bytes(this, MachinesJson.Default.Suspension));

    /// <summary>The workspace is not suspended any more, durably; may be repeated after any interruption, and where there is nothing.</summary>
    /// <exception cref="IOException">It may still be suspended: the guest must not run.</exception>
    public static void Drop(WorkspacePaths paths)
    {
        if (File.Exists(paths.Suspension))
        {
            File.Delete(paths.Suspension);
            DurableFolder.Sync(paths.StateDirectory);
        }

        DropUnfinished(paths);
        if (Directory.Exists(paths.StateDirectory))
        {
            File.Delete(paths.SuspendedMemory);
        }
    }

    /// <summary>What a save that was given up has written.</summary>
    public static void DropUnfinished(WorkspacePaths paths)
    {
        if (Directory.Exists(paths.StateDirectory))
        {
            File.Delete(Unfinished(paths));
        }
    }
}
