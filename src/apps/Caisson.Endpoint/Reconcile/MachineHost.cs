using Caisson.Endpoint.Shelf;
using Caisson.Images;
using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>What every machine on this PC has in common: folders, QEMU, firmware, and where its os image comes from.</summary>
internal sealed class MachineHost(EndpointPaths paths, QemuCapabilities capabilities, ImageShelf shelf, Firmware firmware, NetworkMode network, TimeProvider time)
{
    public QemuCapabilities Capabilities => capabilities;

    public WorkspacePaths PathsOf(WorkspaceId id) => new(Path.Combine(paths.Workspace(id), "machine"), Path.Combine(paths.Run, id.Value));

    public Task<Machine> StartAsync(DesiredWorkspace desired, Guid machineId, ShelvedImage image, CancellationToken ct) =>
        Machine.StartAsync(SpecOf(desired, machineId, image), PathsOf(desired.Id), capabilities, time, ct);

    public Task<Machine?> AdoptAsync(WorkspaceId id, CancellationToken ct) => Machine.AdoptAsync(PathsOf(id), capabilities, time, ct);

    public bool IsSuspended(WorkspaceId id) => Machine.IsSuspended(PathsOf(id));

    /// <summary>The next start is an ordinary one.</summary>
    public void DropSuspended(WorkspaceId id) => Machine.DropSuspended(PathsOf(id));

    public void Save(WorkspaceRecord record) => record.Save(paths);

    public string EvidenceOf(WorkspaceId id) => paths.Evidence(id);

    public FillStatus? Fill(GenerationReference? generation) => generation is null ? null : shelf.Find(generation.ManifestDigest)?.Status;

    private WorkspaceSpec SpecOf(DesiredWorkspace desired, Guid machineId, ShelvedImage image) => new()
    {
        Id = desired.Id,
        MachineId = machineId,
        Name = desired.Name,
        Kind = desired.Kind,
        MemoryMiB = desired.MemoryMiB,
        Cpus = desired.Cpus,
        // A whole image needs no daemon in the data path.
        OsBase = image.Status.IsComplete ? new RawBase(image.RawFile) : new NbdBase(image.SocketPath, ShelvedImage.ExportName),
        OsBaseId = image.Generation.ManifestDigest,
        OsBytes = image.SizeBytes,
        UserVolumeBytes = desired.UserVolumeBytes,
        Tpm = capabilities.Swtpm is not null,
        Os = desired.Guest?.Os ?? GuestOs.Linux,
        HostName = desired.Guest is { HostName: { } pattern } guest
            ? HostNames.From(pattern, guest.Os, image.Generation.Image, desired.Id.Value, Environment.MachineName, machineId)
            : null,
        Limits = desired.Limits,
        Firmware = firmware is Firmware.Uefi && desired.Guest?.SecureBoot == true ? new Firmware.Uefi { SecureBoot = true } : firmware,
        Network = network,
    };
}
