using System.Text.Json;
using Caisson.Endpoint.Files;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// What this PC remembers of a workspace over restarts. <see cref="Kind"/> and a personal workspace's <see cref="Base"/> are fixed at first sight:
/// a server cannot turn a personal workspace into one it may look at, nor put another disk under it.
/// </summary>
internal sealed record WorkspaceRecord
{
    public required WorkspaceId Id { get; init; }

    public required string Name { get; init; }

    public required WorkspaceKind Kind { get; init; }

    /// <summary>
    /// What the guest sees as its machine; random, so that the same workspace on two PCs is two machines to licences, inventories and networks.
    /// Null until the first start.
    /// </summary>
    public Guid? MachineId { get; init; }

    /// <summary>Personal: what the os volume was first made over. Null until the first start, and always for the other kinds.</summary>
    public GenerationReference? Base { get; init; }

    /// <summary>Generation of the running machine, or of the last run.</summary>
    public GenerationReference? Last { get; init; }

    /// <summary>The one before <see cref="Last"/>, kept to go back to.</summary>
    public GenerationReference? Previous { get; init; }

    /// <summary>The record after a start from <paramref name="generation"/>, written before the machine starts.</summary>
    public WorkspaceRecord StartedFrom(GenerationReference generation) => this with
    {
        MachineId = MachineId ?? Guid.NewGuid(),
        Base = Kind == WorkspaceKind.Personal ? Base ?? generation : null,
        Last = generation,
        Previous = Last is { } last && last.ManifestDigest != generation.ManifestDigest ? last : Previous,
    };

    public void Save(EndpointPaths paths) => AtomicFile.Write(paths.WorkspaceRecord(Id), JsonSerializer.SerializeToUtf8Bytes(this, EndpointJson.Default.WorkspaceRecord));

    public static IReadOnlyList<WorkspaceRecord> LoadAll(EndpointPaths paths)
    {
        var records = new List<WorkspaceRecord>();
        foreach (var folder in Directory.Exists(paths.Workspaces) ? Directory.GetDirectories(paths.Workspaces) : [])
        {
            var id = new WorkspaceId(Path.GetFileName(folder));
            if (AtomicFile.Read(paths.WorkspaceRecord(id)) is not { } json)
            {
                continue;
            }

            try
            {
                records.Add(JsonSerializer.Deserialize(json, EndpointJson.Default.WorkspaceRecord)!);
            }
            catch (JsonException e)
            {
                throw new EndpointException($"'{paths.WorkspaceRecord(id)}' is damaged. Put it back from a backup; without it this PC does not know whose workspace '{id}' is.", e);
            }
        }

        return records;
    }
}
