namespace Caisson.Hardware;

/// <summary>How one workspace draws, best first.</summary>
public abstract record GraphicsChoice
{
    private GraphicsChoice()
    {
    }

    public abstract string Name { get; }

    /// <summary>A GPU of its own.</summary>
    /// <param name="Functions">All of the GPU's IOMMU group but bridges, in order.</param>
    /// <param name="HasOutputs">Without them the workspace still needs a screen beside it.</param>
    public sealed record Passthrough(IReadOnlyList<PciAddress> Functions, bool HasOutputs) : GraphicsChoice
    {
        public override string Name => "GPU passthrough";
    }

    /// <summary>virtio-gpu whose commands the host's GPU carries out.</summary>
    /// <param name="RenderNode">Of the GPU the host keeps, for example <c>renderD128</c>.</param>
    public sealed record VirtioGl(string RenderNode) : GraphicsChoice
    {
        public override string Name => "virtio-gpu with GL";
    }

    /// <summary>The guest's processor draws; works everywhere and shows the guest nothing of the host.</summary>
    public sealed record Framebuffer : GraphicsChoice
    {
        public override string Name => "framebuffer";
    }
}

/// <param name="Reasons">Sentences: why this, and why nothing better.</param>
public sealed record WorkspaceGraphics(string Workspace, GraphicsChoice Choice, IReadOnlyList<string> Reasons);
