using System.Globalization;
using Caisson.ControlPlane.Data;
using Caisson.Images;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Caisson.ControlPlane.Registry;

/// <summary>Writing to the registry (OCI distribution-spec 1.1, "Push"): administrators only, on the people listener only.</summary>
internal static class RegistryPush
{
    private const int MaxManifestBytes = 4 << 20;

    public static void MapRegistryPush(this WebApplication app)
    {
        // Fallback policy: a signed-in person or an API token. Blobs are as large as they are.
        var routes = app.MapGroup(Routes.Registry + "/{repository}").ExcludeFromDescription().WithMetadata(new DisableRequestSizeLimitAttribute()).DisableAntiforgery();
        routes.MapPost("/blobs/uploads/", BeginAsync);
        routes.MapPatch("/blobs/uploads/{id}", AppendAsync);
        routes.MapPut("/blobs/uploads/{id}", FinishAsync);
        routes.MapGet("/blobs/uploads/{id}", (string repository, string id, HttpContext context, Uploads uploads) =>
            UploadState(context, repository, id, uploads.Length(id), StatusCodes.Status204NoContent));
        routes.MapDelete("/blobs/uploads/{id}", (string id, Uploads uploads) =>
        {
            uploads.Cancel(id);
            return TypedResults.NoContent();
        });
        routes.MapPut("/manifests/{reference}", PutManifestAsync).WithMetadata(new RequestSizeLimitAttribute(MaxManifestBytes));
    }

    private static async Task<IResult> BeginAsync(string repository, string? digest, HttpContext context, RegistryAccess access, Uploads uploads)
    {
        await access.RequireAsync(context, repository);
        var id = uploads.Begin();
        return digest is null ? UploadState(context, repository, id, 0, StatusCodes.Status202Accepted) : await FinishAsync(repository, id, digest, context, uploads);
    }

    private static async Task<IResult> AppendAsync(string repository, string id, HttpContext context, Uploads uploads)
    {
        var length = await uploads.AppendAsync(id, context.Request.Body, RangeStart(context), context.RequestAborted);
        return UploadState(context, repository, id, length, StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> FinishAsync(string repository, string id, string? digest, HttpContext context, Uploads uploads)
    {
        if (digest is null || !Names.IsDigest(digest))
        {
            throw RequestRefused.BadInput("The end of an upload names its digest: ?digest=sha256: and 64 hex digits.");
        }

        await uploads.AppendAsync(id, context.Request.Body, RangeStart(context), context.RequestAborted);
        await uploads.FinishAsync(id, digest, context.RequestAborted);
        context.Response.Headers["Docker-Content-Digest"] = digest;
        return TypedResults.Created($"{Routes.Registry}/{repository}/blobs/{digest}");
    }

    private static async Task<IResult> PutManifestAsync(string repository, string reference, HttpContext context, RegistryAccess access, ImageStore store, ServerDb db)
    {
        await access.RequireAsync(context, repository);
        if (!Names.IsDigest(reference) && !Names.IsImage(reference))
        {
            throw RequestRefused.BadInput("A manifest is put under its digest or a tag of 1 to 64 of a-z, 0-9, and single . _ - between them.");
        }

        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        var bytes = buffer.ToArray();
        var manifest = OciManifest.Parse(bytes);
        var digest = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        if (Names.IsDigest(reference) ? !string.Equals(reference, digest, StringComparison.Ordinal) : store.Resolve(repository, reference) is { } known && known != digest)
        {
            throw new RequestRefused(StatusCodes.Status409Conflict, ProblemCodes.AlreadyExists, Names.IsDigest(reference) ? $"The manifest's bytes hash to {digest}, not to {reference}." : $"'{repository}@{reference}' is another manifest already, and a generation never changes.");
        }

        await store.PutManifestAsync(bytes, repository, Names.IsDigest(reference) ? null : reference, context.RequestAborted);
        await db.AddBlobsAsync(repository, await store.BlobsOfAsync(digest, context.RequestAborted), context.RequestAborted);
        await db.SaveChangesAsync(context.RequestAborted);
        context.Response.Headers["Docker-Content-Digest"] = digest;
        if (manifest.Subject is { } subject)
        {
            context.Response.Headers["OCI-Subject"] = subject.Digest;
        }

        return TypedResults.Created($"{Routes.Registry}/{repository}/manifests/{digest}");
    }

    private static StatusCodeHttpResult UploadState(HttpContext context, string repository, string id, long length, int status)
    {
        context.Response.Headers.Location = $"{Routes.Registry}/{repository}/blobs/uploads/{id}";
        context.Response.Headers.Range = string.Create(CultureInfo.InvariantCulture, $"0-{Math.Max(length - 1, 0)}");
        return TypedResults.StatusCode(status);
    }

    /// <summary>Content-Range of a chunk as the spec has it, without the unit: <c>START-END</c>.</summary>
    private static long? RangeStart(HttpContext context) =>
        context.Request.Headers.ContentRange.ToString().Split('-') is [var start, _] && long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : null;
}
