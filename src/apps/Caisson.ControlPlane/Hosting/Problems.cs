using System.Text.Json;
using System.Text.Json.Nodes;
using Caisson.Chunks;
using Caisson.Images;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Hosting;

/// <summary>The one place where a refusal becomes an HTTP answer: RFC 9457 with a stable code, and on /v2 the registry's own error form.</summary>
internal static partial class Problems
{
    // What .NET puts into IOException.HResult on Linux: the errno, ENOSPC and EDQUOT.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    public static void UseProblems(this WebApplication app) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone; nobody reads an answer.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var (status, code, sentence) = Explain(e);
            if (status >= 500)
            {
                LogFault(app.Logger, e, context.Request.Method, context.Request.Path);
            }

            await WriteAsync(context, status, code, sentence);
        }
    });

    public static async Task WriteAsync(HttpContext context, int status, string code, string sentence)
    {
        context.Response.StatusCode = status;
        if (context.Request.Path.StartsWithSegments(Routes.Registry, StringComparison.Ordinal))
        {
            // OCI distribution-spec 1.1, "Error Codes": {"errors":[{"code":"UPPER_CASE","message":"…"}]}.
            var error = new JsonObject { ["code"] = code.ToUpperInvariant(), ["message"] = sentence };
            await WriteJsonAsync(context, "application/json", new JsonObject { ["errors"] = new JsonArray(error) });
            return;
        }

        await WriteJsonAsync(context, "application/problem+json", new JsonObject { ["title"] = sentence, ["status"] = status, ["code"] = code });
    }

    private static Task WriteJsonAsync(HttpContext context, string type, JsonObject body)
    {
        context.Response.ContentType = type;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    private static (int Status, string Code, string Sentence) Explain(Exception e) => e switch
    {
        RequestRefused refused => (refused.Status, refused.Code, refused.Message),
        BadHttpRequestException bad => (bad.StatusCode, ProblemCodes.BadInput, bad.Message),
        JsonException => (StatusCodes.Status400BadRequest, ProblemCodes.BadInput, "The body is not the JSON this route takes."),
        ChunkException { Error: ChunkError.Missing } missing => (StatusCodes.Status404NotFound, ProblemCodes.NotFound, missing.Message),
        ChunkException invalid => (StatusCodes.Status400BadRequest, ProblemCodes.BadInput, invalid.Message),
        ImageStoreException { Error: ImageStoreError.NoSpace } full => (StatusCodes.Status507InsufficientStorage, ProblemCodes.NoSpace, full.Message),
        ImageStoreException { Error: ImageStoreError.BadInput } input => (StatusCodes.Status400BadRequest, ProblemCodes.BadInput, input.Message),
        IOException { HResult: NoSpace or QuotaExceeded } => (StatusCodes.Status507InsufficientStorage, ProblemCodes.NoSpace, "The server's disk is full. Nothing was changed; free space in its data folder and try again."),
        _ => (StatusCodes.Status500InternalServerError, ProblemCodes.ServerFault, "The server failed at this request; its log says why."),
    };

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogFault(ILogger logger, Exception e, string method, string path);
}
