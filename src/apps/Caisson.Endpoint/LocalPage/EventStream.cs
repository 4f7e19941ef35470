using System.Text;
using System.Threading.Channels;
using Caisson.Endpoint.Reports;
using Caisson.Protocol;
using Microsoft.AspNetCore.Http;

namespace Caisson.Endpoint.LocalPage;

/// <summary>Server-sent events: each new status, and what the person wants to see (<c>show</c>, for the switcher).</summary>
internal static class EventStream
{
    private const int MostWaiting = 16;

    public static async Task RunAsync(HttpContext context, LocalPageContent content)
    {
        context.Response.ContentType = "text/event-stream";
        var news = new Signal();
        var shown = Channel.CreateBounded<WorkspaceId>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
        void Heard(LocalStatus _) => news.Set();
        void Wanted(WorkspaceId id)
        {
            shown.Writer.TryWrite(id);
            news.Set();
        }

        content.Subscribe(Heard);
        content.Shown += Wanted;
        try
        {
            news.Set();
            while (true)
            {
                await news.WaitAsync(context.RequestAborted);
                while (shown.Reader.TryRead(out var id))
                {
                    await context.Response.WriteAsync($"event: show\ndata: {id}\n\n", context.RequestAborted);
                }

                if (content.Status() is { } status)
                {
                    var oneLine = Encoding.UTF8.GetString(status.ToJson()).ReplaceLineEndings("");
                    await context.Response.WriteAsync($"data: {oneLine}\n\n", context.RequestAborted);
                }

                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The page was closed.
        }
        finally
        {
            content.Unsubscribe(Heard);
            content.Shown -= Wanted;
        }
    }
}
