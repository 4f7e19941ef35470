using Caisson.Protocol;

namespace Caisson.Endpoint.Orders;

/// <summary>What becomes of an order: obeyed, refused with a reason that is reported, or passed over because it was dealt with before.</summary>
internal abstract record OrderDecision
{
    private OrderDecision()
    {
    }

    internal sealed record Admit : OrderDecision;

    internal sealed record Refuse(string Reason) : OrderDecision;

    /// <summary>Seen before: neither obeyed nor reported a second time.</summary>
    internal sealed record Repeated : OrderDecision;
}

/// <summary>
/// Which orders this PC obeys: a function of the order and of what the PC itself knows, so that no server, however it was taken over,
/// can look into a personal workspace. Only what is listed for a personal workspace is obeyed; a kind added later is refused until listed here.
/// </summary>
internal static class OrderAdmission
{
    /// <summary>Past this an order is no more "now": a server that signs orders for years ahead is not obeyed for years.</summary>
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(1);

    /// <param name="kind">Kind of the workspace as this PC first knew it; null when there is no such workspace.</param>
    /// <param name="seen">Ids dealt with before.</param>
    /// <param name="now">The server's clock, not the PC's.</param>
    public static OrderDecision Decide(Order order, WorkspaceKind? kind, IReadOnlySet<string> seen, DateTimeOffset now)
    {
        if (seen.Contains(order.Id))
        {
            return new OrderDecision.Repeated();
        }

        if (order.Id.Length is 0 or > 100)
        {
            return new OrderDecision.Refuse("The order has no usable id.");
        }

        return Objection(order, kind, now) is { } reason ? new OrderDecision.Refuse(reason) : new OrderDecision.Admit();
    }

    private static string? Objection(Order order, WorkspaceKind? kind, DateTimeOffset now) => (kind, order.Kind) switch
    {
        (null, _) => $"This PC has no workspace '{order.Workspace}'.",
        (WorkspaceKind.Personal, not (OrderKind.Start or OrderKind.Stop or OrderKind.Restart)) => "The workspace is personal. This PC shows it to nobody but its user, whoever asks.",
        _ when order.ExpiresAt <= now => $"The order ended at {order.ExpiresAt.UtcDateTime:u} and came at {now.UtcDateTime:u}. Give it again.",
        _ when order.ExpiresAt > now + LongestLife => "The order is good for more than a day; orders are for now. Give it again.",
        (_, OrderKind.Display) when !IsStreamName(order.Stream) => "The display order names no usable stream.",
        (_, OrderKind.Display or OrderKind.Screenshot or OrderKind.Start or OrderKind.Stop or OrderKind.Restart or OrderKind.TryAgain or OrderKind.PauseFilling or OrderKind.ResumeFilling or OrderKind.Suspend) => null,
        _ => $"This caissond does not know the order '{order.Kind}'. Update it.",
    };

    /// <summary>The name becomes a part of a URL.</summary>
    private static bool IsStreamName(string? stream) =>
        stream is { Length: > 0 and <= 128 } && stream.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
