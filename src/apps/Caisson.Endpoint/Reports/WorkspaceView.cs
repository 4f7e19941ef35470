using Caisson.Endpoint.Reconcile;
using Caisson.Images;
using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reports;

/// <summary>Everything this PC knows of one workspace at one moment. The local status shows it all; a report shows what the kind allows.</summary>
internal sealed record WorkspaceView
{
    public required WorkspaceRecord Record { get; init; }

    public required MachineStatus Machine { get; init; }

    /// <summary>Number of the generation on this disk, whole, that the next start uses.</summary>
    public int? PreparedGeneration { get; init; }

    /// <summary>The image on its way: the new generation's, or else the running one's.</summary>
    public FillStatus? Fill { get; init; }

    public string? Problem { get; init; }
}
