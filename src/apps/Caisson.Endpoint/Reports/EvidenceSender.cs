using System.Net.Http.Headers;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Server;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Reports;

/// <summary>Sends the pictures and serial logs that a report spoke of. What did not arrive comes again after the next report.</summary>
internal sealed class EvidenceSender(ReconcileLoop workspaces, ServerLink link, ILogger log)
{
    /// <param name="taken">The report the server has just taken: it refuses what no report has spoken of.</param>
    public async Task SendAsync(EndpointReport taken, CancellationToken ct)
    {
        var spokenOf = taken.Workspaces.SelectMany(w => w.Life?.Evidence ?? []).Select(e => e.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var owner in workspaces.Owners.Where(o => o.Record.Kind != WorkspaceKind.Personal))
        {
            foreach (var unsent in owner.Evidence.Kept.Where(e => !e.IsSent && spokenOf.Contains(e.About.Id)))
            {
                var id = unsent.About.Id;
                var refused = unsent.HasScreen ? await PostAsync(owner.Id, id, "screen", owner.Evidence.ScreenFile(id), "image/png", ct) : null;
                refused ??= unsent.HasSerial ? await PostAsync(owner.Id, id, "serial", owner.Evidence.SerialFile(id), "text/plain", ct) : null;
                if (refused is not null)
                {
                    Log.EvidenceNotTaken(log, owner.Id.Value, id, refused);
                }

                owner.Evidence.Sent(id);
            }
        }
    }

    /// <summary>Null when it was taken; else why the server will never take it. What another try may mend is thrown.</summary>
    private async Task<string?> PostAsync(WorkspaceId workspace, string id, string what, string file, string type, CancellationToken ct)
    {
        byte[] bytes;
        try
        {
            bytes = await File.ReadAllBytesAsync(file, ct);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return e.Message;
        }

        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var answer = await link.Http.PostAsync($"{Routes.Evidence}/{workspace}/{id}/{what}", content, ct);
        if (answer.IsSuccessStatusCode)
        {
            return null;
        }

        return (int)answer.StatusCode is >= 400 and < 500 and not 401 and not 408 and not 429
            ? $"the server answered {(int)answer.StatusCode} to its {what}."
            : throw new HttpRequestException($"The server answered {(int)answer.StatusCode} to the {what} of {id}.");
    }
}
