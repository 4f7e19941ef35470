using Caisson.ControlPlane.Console.Frame;
using Caisson.ControlPlane.Console.Parts;

namespace Caisson.ControlPlane.Console.Today;

/// <summary>All that the first page shows.</summary>
public sealed record TodayView
{
    internal static readonly TodayView Empty = new() { Needs = [], Spreads = [], Recent = [] };

    public int Pcs { get; init; }

    public int NeedingPcs { get; init; }

    /// <summary>PCs that are given at least one workspace with a generation.</summary>
    public int Given { get; init; }

    /// <summary>PCs whose every managed workspace runs the generation it is given.</summary>
    public int Current { get; init; }

    public int Behind { get; init; }

    /// <summary>PCs without KVM.</summary>
    public int Emulated { get; init; }

    public int Images { get; init; }

    public int Groups { get; init; }

    public required IReadOnlyList<Need> Needs { get; init; }

    public required IReadOnlyList<ImageSpread> Spreads { get; init; }

    public required IReadOnlyList<TimelineEntry> Recent { get; init; }
}
