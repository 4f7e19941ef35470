using System.Text.Json;
using System.Text.Json.Serialization;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>What an adopting process must know of a running machine; written before QEMU is started. Who the process is stands in its own file.</summary>
internal sealed record MachineRecord
{
    public int FormatVersion { get; init; } = 1;

    public required WorkspaceSpec Spec { get; init; }

    public required string Executable { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? FirstHeartbeatAt { get; init; }

    /// <summary>Guest kernel panics since this start.</summary>
    public int Panics { get; init; }

    /// <summary>QEMU's name of the node under the os volume; it changes when the disk is moved.</summary>
    public string OsBaseNode { get; init; } = Disks.OsBaseNode;

    /// <summary>
    /// We stopped the processors ourselves, to write or read the memory. Whoever takes the machine up lets them go on: what was begun is given up.
    /// </summary>
    public bool IsHeldStill { get; init; }

    public void Save(WorkspacePaths paths) => AtomicFile.Write(paths.Record, JsonSerializer.SerializeToUtf8Bytes(this, MachinesJson.Default.MachineRecord));

    /// <summary>Null when there is none that this version can read.</summary>
    public static MachineRecord? Load(WorkspacePaths paths)
    {
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(paths.Record), MachinesJson.Default.MachineRecord);
            return record?.FormatVersion == 1 ? record : null;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, WriteIndented = true, Converters = [typeof(WorkspaceIdConverter)])]
[JsonSerializable(typeof(MachineRecord))]
[JsonSerializable(typeof(Suspension))]
internal sealed partial class MachinesJson : JsonSerializerContext;
