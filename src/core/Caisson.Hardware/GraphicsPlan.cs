namespace Caisson.Hardware;

/// <summary>
/// Who draws with what: a pure function of the PCI inventory and policy.
/// First GPUs are given away, in the order of the workspaces; then those who may share draw with a GPU that stayed; the rest get a framebuffer.
/// The boot display always stays: the switcher is on it.
/// </summary>
public static class GraphicsPlan
{
    private const string OwnScreen = "Its picture is on that GPU's own plugs, where the console does not see it; the workspace cannot be suspended to disk.";
    private const string ScreenBeside = "Its picture is on a framebuffer beside that GPU; the workspace cannot be suspended to disk.";

    public static IReadOnlyList<WorkspaceGraphics> For(PciInventory inventory, IReadOnlyList<GraphicsPolicy> policies)
    {
        var giving = new GpuGiving(inventory);
        var given = policies.Select(policy => giving.Give(policy)).ToList();
        var shared = giving.Kept.Where(gpu => gpu.RenderNode is not null).OrderByDescending(giving.IsHostDisplay).FirstOrDefault();
        return [.. policies.Zip(given, (policy, result) => result.Choice is { } own ? Own(policy, own, result.Reasons) : Lesser(policy, result.Reasons, shared))];
    }

    private static WorkspaceGraphics Own(GraphicsPolicy policy, GraphicsChoice.Passthrough choice, IReadOnlyList<string> reasons) =>
        new(policy.Workspace, choice, [.. reasons, choice.HasOutputs ? OwnScreen : ScreenBeside]);

    private static WorkspaceGraphics Lesser(GraphicsPolicy policy, IReadOnlyList<string> reasons, PciDevice? shared) => (policy.Gl, shared) switch
    {
        (false, _) => new(policy.Workspace, new GraphicsChoice.Framebuffer(), [.. reasons, "No GL: policy keeps the guest's commands away from the host's GPU driver."]),
        (_, null) => new(policy.Workspace, new GraphicsChoice.Framebuffer(), [.. reasons, "No GL: no GPU that stays with the host draws in 3D."]),
        (_, { } gpu) => new(policy.Workspace, new GraphicsChoice.VirtioGl(gpu.RenderNode!), [.. reasons, $"GL on the {gpu}, which stays with the host."]),
    };
}
