using System.Text.Json;
using Caisson.Endpoint.Files;
using Caisson.Protocol;

namespace Caisson.Endpoint.Orders;

/// <summary>One order dealt with, or being dealt with while <see cref="Outcome"/> is null.</summary>
internal sealed record SeenOrder(string Id, OrderOutcome? Outcome, string? Reason, bool Reported);

/// <summary>
/// Remembers every order id before it is obeyed, and its result until the server has it. After a crash an order that was begun is
/// reported as failed and not obeyed again: at most once is the promise.
/// </summary>
internal sealed class OrderLedger
{
    /// <summary>Older ones are forgotten; they have expired long before.</summary>
    private const int Most = 2000;

    /// <summary>The server refuses a report with more results.</summary>
    private const int MostInAReport = 64;

    private readonly EndpointPaths paths;
    private readonly Lock gate = new();
    private readonly Dictionary<string, SeenOrder> orders = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();

    public OrderLedger(EndpointPaths paths)
    {
        this.paths = paths;
        foreach (var seen in Load(paths))
        {
            Put(seen.Outcome is null ? seen with { Outcome = OrderOutcome.Failed, Reason = "caissond ended while it obeyed the order. Look at the workspace, then give the order again." } : seen);
        }
    }

    public IReadOnlySet<string> Seen
    {
        get
        {
            lock (gate)
            {
                return orders.Keys.ToHashSet(StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Results the server has not confirmed, the oldest first, as many as one report carries.</summary>
    public IReadOnlyList<OrderResult> Unreported
    {
        get
        {
            lock (gate)
            {
                return [.. order.Select(id => orders[id]).Where(o => o is { Reported: false, Outcome: not null }).Take(MostInAReport).Select(o => new OrderResult { Id = o.Id, Outcome = o.Outcome!.Value, Reason = o.Reason })];
            }
        }
    }

    /// <summary>Durable on return: only now may the order be obeyed.</summary>
    /// <exception cref="IOException">It could not be written; the order is as if never seen, and comes again with the next poll.</exception>
    public void Begin(string id)
    {
        try
        {
            Change(new SeenOrder(id, null, null, Reported: false));
        }
        catch (IOException)
        {
            Forget(id);
            throw;
        }
    }

    /// <exception cref="IOException">It could not be written; it is reported all the same, and written with the next change.</exception>
    public void End(string id, OrderOutcome outcome, string? reason) => Change(new SeenOrder(id, outcome, reason, Reported: false));

    /// <summary>The server has these; each is told once.</summary>
    public void Confirm(IEnumerable<OrderResult> results)
    {
        lock (gate)
        {
            var changed = false;
            foreach (var result in results)
            {
                if (orders.TryGetValue(result.Id, out var seen) && !seen.Reported)
                {
                    orders[result.Id] = seen with { Reported = true };
                    changed = true;
                }
            }

            if (changed)
            {
                Save();
            }
        }
    }

    private void Change(SeenOrder seen)
    {
        lock (gate)
        {
            Put(seen);
            Save();
        }
    }

    private void Forget(string id)
    {
        lock (gate)
        {
            orders.Remove(id);
            var kept = order.Where(o => o != id).ToArray();
            order.Clear();
            Array.ForEach(kept, order.Enqueue);
        }
    }

    private void Put(SeenOrder seen)
    {
        if (!orders.ContainsKey(seen.Id))
        {
            order.Enqueue(seen.Id);
        }

        orders[seen.Id] = seen;
        while (order.Count > Most)
        {
            orders.Remove(order.Dequeue());
        }
    }

    private void Save() => AtomicFile.Write(paths.SeenOrders, JsonSerializer.SerializeToUtf8Bytes(order.Select(id => orders[id]).ToArray(), EndpointJson.Default.SeenOrderArray));

    private static SeenOrder[] Load(EndpointPaths paths)
    {
        try
        {
            return AtomicFile.Read(paths.SeenOrders) is { } json ? JsonSerializer.Deserialize(json, EndpointJson.Default.SeenOrderArray) ?? [] : [];
        }
        catch (JsonException e)
        {
            throw new EndpointException($"'{paths.SeenOrders}' is damaged, so orders already obeyed could be obeyed again. Delete the file to go on if no order is pending.", e);
        }
    }
}
