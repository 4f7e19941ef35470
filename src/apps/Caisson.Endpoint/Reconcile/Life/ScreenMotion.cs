using Caisson.Machines;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// Whether a screen is alive, from looks at it taken some time apart: it is when something larger than a square of 128 pixels changed
/// between two of them. A text cursor, a clock or a small spinner is not life; a large animation that turns for ever passes for it, and an
/// untouched desktop does not. A change of resolution is a boot that goes on, and no life yet.
/// </summary>
/// <param name="Looks">Looks taken; one that failed counts, for a QEMU that cannot show its screen shows no life.</param>
/// <param name="Last">The newest look; null when it failed.</param>
/// <param name="HasMoved">Between any two successive looks.</param>
internal sealed record ScreenMotion(int Looks, ScreenPrint? Last, bool HasMoved)
{
    public static readonly ScreenMotion None = new(0, null, false);

    /// <summary>Fewer say nothing: the first is only what the second is held against, and one still pair may be chance.</summary>
    private const int Enough = 3;

    private const int LargestOrnament = 128;

    public bool IsSeen => HasMoved || Looks >= Enough;

    public ScreenMotion With(ScreenPrint? look) => new(Looks + 1, look, HasMoved || Moved(Last, look));

    public static bool Moved(ScreenPrint? before, ScreenPrint? after) =>
        before is not null && after is not null && after.ChangeSince(before) is { } change && (change.Width > LargestOrnament || change.Height > LargestOrnament);
}
