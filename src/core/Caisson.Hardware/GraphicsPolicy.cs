namespace Caisson.Hardware;

public enum PassthroughWish
{
    None,

    /// <summary>A GPU with outputs: the workspace's own screen.</summary>
    Display,

    /// <summary>A GPU to compute with; one without outputs will do, and is taken first.</summary>
    Compute,
}

/// <summary>What policy allows one workspace to draw with. Workspaces are served in the order in which they are given.</summary>
/// <param name="Gl">Whether it may draw with a GPU it shares with the host. The guest's drawing commands then meet the host's driver.</param>
public sealed record GraphicsPolicy(string Workspace, PassthroughWish Passthrough, bool Gl)
{
    /// <summary>Nothing of the guest meets a GPU or its driver.</summary>
    public static GraphicsPolicy Isolated(string workspace) => new(workspace, PassthroughWish.None, Gl: false);

    /// <summary>What a PC would do at best for the two workspaces most people have.</summary>
    public static IReadOnlyList<GraphicsPolicy> WorkAndPersonal { get; } =
        [new("Work", PassthroughWish.None, Gl: true), new("Personal", PassthroughWish.Display, Gl: true)];
}
