using System.Globalization;
using System.Text.Json.Serialization;
using Caisson.Hardware;

namespace Caisson.Cli.Probe;

/// <summary>What <c>caisson probe --json</c> prints: the verdicts, the plan, and the devices both were made from.</summary>
internal sealed record ProbeResult(string Verdict, IReadOnlyList<ProbeFinding> Findings, IReadOnlyList<ProbeGraphics> Graphics, IReadOnlyList<ProbeDevice> Devices)
{
    public static ProbeResult Of(HardwareFacts facts, IReadOnlyList<Finding> findings, IReadOnlyList<WorkspaceGraphics> plan) => new(
        Word(HardwareProbe.Overall(findings)),
        [.. findings.Select(f => new ProbeFinding(f.Name, Word(f.Verdict), f.Reason))],
        [.. plan.Select(ProbeGraphics.Of)],
        [.. facts.Pci.Devices.Select(ProbeDevice.Of)]);

    public static string Word(Verdict verdict) => verdict switch
    {
        Hardware.Verdict.Ok => "ok",
        Hardware.Verdict.Degraded => "degraded",
        _ => "no",
    };
}

internal sealed record ProbeFinding(string Name, string Verdict, string Reason);

/// <param name="ExercisedByTestsOnly">No GPU has drawn for this kind yet.</param>
internal sealed record ProbeGraphics(string Workspace, string Kind, IReadOnlyList<string> Addresses, string? RenderNode, bool ExercisedByTestsOnly, IReadOnlyList<string> Reasons)
{
    public static ProbeGraphics Of(WorkspaceGraphics workspace) => workspace.Choice switch
    {
        GraphicsChoice.Passthrough own => new(workspace.Workspace, "passthrough", [.. own.Functions.Select(f => $"{f}")], null, ExercisedByTestsOnly: true, workspace.Reasons),
        GraphicsChoice.VirtioGl shared => new(workspace.Workspace, "virtio-gl", [], shared.RenderNode, ExercisedByTestsOnly: true, workspace.Reasons),
        _ => new(workspace.Workspace, "framebuffer", [], null, ExercisedByTestsOnly: false, workspace.Reasons),
    };
}

/// <summary>One line of an inventory: enough to plan this PC's graphics elsewhere.</summary>
internal sealed record ProbeDevice(string Address, string? Class, string? Vendor, string? Device, int? IommuGroup, string? Driver, bool? BootVga, string? RenderNode)
{
    public static ProbeDevice Of(PciDevice device) => new(
        $"{device.Address}",
        device.Class?.Code.ToString("x6", CultureInfo.InvariantCulture),
        device.VendorId?.ToString("x4", CultureInfo.InvariantCulture),
        device.DeviceId?.ToString("x4", CultureInfo.InvariantCulture),
        device.IommuGroup,
        device.Driver,
        device.BootVga,
        device.RenderNode);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = false)]
[JsonSerializable(typeof(ProbeResult))]
internal sealed partial class ProbeJson : JsonSerializerContext;
