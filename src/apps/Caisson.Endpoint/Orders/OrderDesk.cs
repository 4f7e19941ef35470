using System.Net.Http.Headers;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Server;
using Caisson.Endpoint.Shelf;
using Caisson.Machines;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Orders;

/// <summary>Takes the orders of each desired state the server has just sent or confirmed, and obeys those <see cref="OrderAdmission"/> admits.</summary>
internal sealed class OrderDesk(ReconcileLoop workspaces, FillControl filling, OrderLedger ledger, ServerLink link, ServerClock clock, Signal changed, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Decides at once, durably; obeys in the background.</summary>
    public void Take(DesiredState state, CancellationToken ct)
    {
        var listed = state.Workspaces.ToDictionary(w => w.Id, w => w.Kind);
        foreach (var order in state.Orders)
        {
            switch (OrderAdmission.Decide(order, KindOf(order.Workspace, listed), ledger.Seen, clock.Now))
            {
                case OrderDecision.Admit:
                    ledger.Begin(order.Id);
                    Log.OrderAdmitted(log, order.Id, order.Kind.ToString(), order.Workspace.Value);
                    _ = ObeyAsync(order, ct);
                    break;
                case OrderDecision.Refuse(var reason):
                    Log.OrderRefused(log, order.Id, order.Kind.ToString(), order.Workspace.Value, reason);
                    End(order, OrderOutcome.Refused, reason);
                    break;
            }
        }
    }

    private void End(Order order, OrderOutcome outcome, string? reason)
    {
        try
        {
            ledger.End(order.Id, outcome, reason);
        }
        catch (IOException e)
        {
            Log.ResultNotWritten(log, order.Id, e.Message);
        }

        changed.Set();
    }

    /// <summary>Personal if this PC or the server says so; else what this PC knows. A workspace it has no owner for yet is not there.</summary>
    private WorkspaceKind? KindOf(WorkspaceId id, Dictionary<WorkspaceId, WorkspaceKind> listed)
    {
        var own = workspaces.Find(id)?.Record.Kind;
        return listed.TryGetValue(id, out var said) && said == WorkspaceKind.Personal ? WorkspaceKind.Personal : own;
    }

    private async Task ObeyAsync(Order order, CancellationToken ct)
    {
        string? failure;
        try
        {
            using var limit = new CancellationTokenSource(Limit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token); // caissond's end, or the time limit
            failure = await ObeyAsync(order, workspaces.Find(order.Workspace)!, either.Token, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            failure = e is OperationCanceledException ? $"It took longer than {Limit.TotalMinutes:0} minutes." : e.Message;
        }
        catch (OperationCanceledException)
        {
            return; // The ledger reports it at the next start.
        }

        if (failure is not null)
        {
            Log.OrderFailed(log, order.Id, failure);
        }

        End(order, failure is null ? OrderOutcome.Done : OrderOutcome.Failed, failure);
    }

    private async Task<string?> ObeyAsync(Order order, WorkspaceOwner owner, CancellationToken limited, CancellationToken ct) => order.Kind switch
    {
        OrderKind.Start => await owner.AskAsync(Wish.Start).WaitAsync(limited),
        OrderKind.Stop => await owner.AskAsync(Wish.Stop).WaitAsync(limited),
        OrderKind.Restart => await owner.AskAsync(Wish.Restart).WaitAsync(limited),
        OrderKind.Suspend => await owner.AskAsync(Wish.Suspend).WaitAsync(limited),
        OrderKind.TryAgain => TryAgain(owner),
        OrderKind.PauseFilling => SetPaused(true),
        OrderKind.ResumeFilling => SetPaused(false),
        OrderKind.Screenshot => await SendScreenshotAsync(owner, link, limited),
        OrderKind.Display => await DisplayStream.OpenAsync(owner, order.Stream!, link, limited, ct),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string? TryAgain(WorkspaceOwner owner)
    {
        owner.TryAgain();
        return null;
    }

    private string? SetPaused(bool isPaused)
    {
        filling.IsPaused = isPaused;
        return null;
    }

    /// <summary>One PNG to the server. The second guard: a personal workspace has no way through here either.</summary>
    public static async Task<string?> SendScreenshotAsync(WorkspaceOwner owner, ServerLink link, CancellationToken ct)
    {
        if (owner.Record.Kind == WorkspaceKind.Personal)
        {
            throw new InvalidOperationException("A personal workspace is shown to nobody but its user.");
        }

        if (owner.Machine is not { } machine || !Reconciler.IsUp(owner.Status.State))
        {
            return "The workspace is not running, so there is no picture.";
        }

        byte[] png;
        try
        {
            png = await machine.ScreenshotAsync(ct);
        }
        catch (MachineException e)
        {
            return e.Message;
        }

        using var content = new ByteArrayContent(png);
        content.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        using var answer = await link.Http.PostAsync($"{Routes.Screenshot}/{owner.Id}", content, ct);
        return answer.IsSuccessStatusCode ? null : $"The server did not take the picture ({(int)answer.StatusCode}).";
    }
}
