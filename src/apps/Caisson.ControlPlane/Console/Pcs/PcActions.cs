using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Console.Pcs;

/// <summary>What somebody does to a PC from the console: the same calls as the API's. Each answers with a sentence for the person.</summary>
internal sealed class PcActions(OrderDesk desk, FleetChanges fleet)
{
    public const string Actor = "console";

    public async Task<string> OrderAsync(string endpoint, AskedOrder order, CancellationToken cancellationToken)
    {
        try
        {
            await desk.IssueAsync(Actor, endpoint, new CreateOrderRequest(order.Workspace.Id, order.Kind), cancellationToken);
        }
        catch (RequestRefused refused)
        {
            return refused.Message;
        }

        var name = order.Workspace.Name;
        return order.Kind switch
        {
            OrderKind.Start => $"Asked the PC to start {name}.",
            OrderKind.Suspend => $"Asked the PC to suspend {name}: its memory goes to the disk, and a start goes on where it was.",
            OrderKind.TryAgain => $"Asked the PC to forget that it failed; {name} takes it at its next start.",
            OrderKind.Stop => $"Asked the PC to stop {name}. The guest shuts down first.",
            _ => $"Asked the PC to restart {name}. The guest shuts down first.",
        };
    }

    /// <summary>Null when it is done, else why not.</summary>
    public async Task<string?> NameAsync(string endpoint, string person, string place, CancellationToken cancellationToken)
    {
        try
        {
            await fleet.ChangeEndpointAsync(Actor, endpoint, new ChangeEndpointRequest { Person = person, Place = place }, cancellationToken);
            return null;
        }
        catch (RequestRefused refused)
        {
            return refused.Message;
        }
    }

    public async Task<OpenedDisplay> DisplayAsync(string endpoint, string workspace, CancellationToken cancellationToken)
    {
        try
        {
            return new OpenedDisplay((await desk.OpenDisplayAsync(Actor, endpoint, workspace, cancellationToken)).Path, null);
        }
        catch (RequestRefused refused)
        {
            return new OpenedDisplay(null, refused.Message);
        }
    }
}
