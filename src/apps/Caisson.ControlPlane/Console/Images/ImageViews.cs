using Caisson.ControlPlane.Console.Parts;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Console.Images;

/// <summary>One master image in the list.</summary>
/// <param name="Personal">Personal workspaces are made from it; what those run is not looked at.</param>
internal sealed record ImageRow(string Name, int Generations, int Drafts, int? Released, long StoredBytes, ImageSpread Spread, bool Personal)
{
    public int Pcs => Spread.Total;
}

/// <summary>One master image with everything on its page.</summary>
internal sealed record ImageView
{
    public required string Name { get; init; }

    /// <summary>Newest first.</summary>
    public required IReadOnlyList<GenerationView> Generations { get; init; }

    public required ImageSpread Spread { get; init; }

    /// <summary>Groups that give a workspace made from it.</summary>
    public required IReadOnlyList<(string Group, string Workspace)> GivenBy { get; init; }

    public int? Released => Generations.Where(g => g.State == GenerationState.Released).Max(g => (int?)g.Number);
}

/// <summary>One generation as its line shows it.</summary>
public sealed record GenerationView
{
    public required string Image { get; init; }

    public required int Number { get; init; }

    public required GenerationState State { get; init; }

    public required long ImageBytes { get; init; }

    public required long StoredBytes { get; init; }

    public required DateTimeOffset PublishedAt { get; init; }

    public int? DeltaFrom { get; init; }

    public DeltaState? Delta { get; init; }

    public long DeltaBytes { get; init; }

    public string? DeltaProblem { get; init; }

    /// <summary>PCs that run it now.</summary>
    public int Pcs { get; init; }

    /// <summary>PCs given its image, which a release or retirement moves.</summary>
    public int Receivers { get; init; }

    /// <summary>The newest released generation below or above this one: where PCs go when it is retired.</summary>
    public int? Fallback { get; init; }

    public bool IsNewestReleased { get; init; }

    /// <summary>Bytes left of deleted files; 0 where that is not known.</summary>
    public long StaleBytes { get; init; }

    /// <summary>What it changed over the generation before; null for the first.</summary>
    public GenerationComparison? Changed { get; init; }
}
