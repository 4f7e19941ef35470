using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Console.Groups;

/// <summary>The fields of the assign form, as a person fills them.</summary>
internal sealed class AssignmentForm
{
    public string Name { get; set; } = "Work";

    public string Image { get; set; } = "";

    public WorkspaceKind Kind { get; set; } = WorkspaceKind.Managed;

    public AssignmentTrack Track { get; set; } = AssignmentTrack.Released;

    public int MemoryMiB { get; set; } = 4096;

    public int Cpus { get; set; } = 2;

    public int UserGigabytes { get; set; } = 20;
}
