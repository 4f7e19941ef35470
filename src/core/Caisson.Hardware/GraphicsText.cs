namespace Caisson.Hardware;

/// <summary>A plan as a person reads it, and as the golden files keep it.</summary>
public static class GraphicsText
{
    public static IEnumerable<string> Lines(IEnumerable<WorkspaceGraphics> plan) => plan.SelectMany(Lines);

    private static IEnumerable<string> Lines(WorkspaceGraphics workspace) =>
        workspace.Reasons.Select(reason => $"  {reason}").Prepend($"{workspace.Workspace}: {Chosen(workspace.Choice)}");

    private static string Chosen(GraphicsChoice choice) => choice switch
    {
        GraphicsChoice.Passthrough own => $"{own.Name} of {string.Join(", ", own.Functions)}",
        GraphicsChoice.VirtioGl shared => $"{shared.Name} by {shared.RenderNode}",
        _ => choice.Name,
    };
}
