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

    /// <summary>Only read, from records of before there was a <see cref="Life"/>: the generation before <see cref="Last"/>.</summary>
    public GenerationReference? Previous { get; init; }

    /// <summary>How its generations stand here; stays empty for a personal workspace, whose disk fits one generation only.</summary>
    public Life Life { get; init; } = Life.None;

    /// <summary>An update that waits for a restart; null when none does.</summary>
    public UpdateWait? Update { get; init; }

    /// <summary>Every generation this record speaks of.</summary>
    public IEnumerable<GenerationReference> Generations =>
        ((GenerationReference?[])[Base, Last, Life.Good, Life.Attempt?.Generation, .. Life.Kept]).OfType<GenerationReference>().DistinctBy(g => g.ManifestDigest);

    /// <summary>The record after a start from <paramref name="generation"/>, written before the machine starts.</summary>
    public WorkspaceRecord StartedFrom(GenerationReference generation) => this with
    {
        MachineId = MachineId ?? Guid.NewGuid(),
        Base = Kind == WorkspaceKind.Personal ? Base ?? generation : null,
        Last = generation,
        Life = Kind == WorkspaceKind.Personal ? Life.None : LifeRule.After(Life, new LifeEvent.Started(generation)),
        Update = null,
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
                records.Add(WithLife(JsonSerializer.Deserialize(json, EndpointJson.Default.WorkspaceRecord)!));
            }
            catch (JsonException e)
            {
                throw new EndpointException($"'{paths.WorkspaceRecord(id)}' is damaged. Put it back from a backup; without it this PC does not know whose workspace '{id}' is.", e);
            }
        }

        return records;
    }

    /// <summary>A record of before: what ran last is on trial until its next heartbeat, and the one before it is what it goes back to.</summary>
    private static WorkspaceRecord WithLife(WorkspaceRecord read) => read.Life is not null
        ? read
        : read with
        {
            Previous = null,
            Life = read.Kind == WorkspaceKind.Personal || read.Last is null ? Life.None : Life.None with { Good = read.Previous, IsSettled = read.Previous is not null, Attempt = new Attempt(read.Last, AttemptState.Watched, TimeSpan.Zero) },
        };
}
