using System.Text.Json;
using Caisson.ControlPlane.Catalogue;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Caisson.Images;
using Caisson.Protocol;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;

namespace Caisson.ControlPlane.Registry;

/// <summary>Reading from the registry (OCI distribution-spec 1.1, "Pull" and "Listing referrers"), on both listeners.</summary>
internal static class RegistryPull
{
    public static void MapRegistryPull(this WebApplication app)
    {
        var routes = app.MapGroup(Routes.Registry).OnListener(ListenerKind.People | ListenerKind.Endpoints).ExcludeFromDescription();
        string[] read = [HttpMethods.Get, HttpMethods.Head];
        routes.MapMethods("/", read, () => TypedResults.Content("{}", "application/json"));
        routes.MapMethods("/{repository}/manifests/{reference}", read, ManifestAsync);
        routes.MapMethods("/{repository}/blobs/{digest}", read, BlobAsync);
        routes.MapGet("/{repository}/referrers/{digest}", ReferrersAsync);
        routes.MapGet("/{repository}/tags/list", TagsAsync);
    }

    private static async Task<IResult> ManifestAsync(string repository, string reference, HttpContext context, RegistryAccess access, Deltas deltas, ImageStore store)
    {
        await access.RequireAsync(context, repository);
        var digest = Names.IsDigest(reference) ? reference : Names.IsImage(reference) ? store.Resolve(repository, reference) : null;
        if (digest is null)
        {
            deltas.Heard(repository, reference);
            throw RequestRefused.NotFound($"There is no manifest '{reference}' in repository '{repository}'.");
        }

        await access.RequireBlobAsync(context, repository, digest);
        return Answer(context, store, digest, MediaTypes.OciManifest);
    }

    private static async Task<IResult> BlobAsync(string repository, string digest, HttpContext context, RegistryAccess access, ImageStore store, TimeProvider time)
    {
        await access.RequireAsync(context, repository);
        if (!Names.IsDigest(digest))
        {
            throw RequestRefused.BadInput("A blob is named by its digest: sha256: and 64 hex digits.");
        }

        await access.RequireBlobAsync(context, repository, digest);
        if (HttpMethods.IsHead(context.Request.Method) && context.Features.Get<Listener>()?.Kind == ListenerKind.People)
        {
            // So asks a pusher, who will not send what is here already: it must stay until his manifest names it.
            store.HoldForPush(digest, time);
        }

        return Answer(context, store, digest, "application/octet-stream");
    }

    /// <summary>The file, whole or the asked ranges of it. Its name is its content, so it may be kept for ever.</summary>
    private static PhysicalFileHttpResult Answer(HttpContext context, ImageStore store, string digest, string type)
    {
        var path = store.BlobPath(digest);
        if (!File.Exists(path))
        {
            throw RequestRefused.NotFound($"There is no {digest} in this store.");
        }

        context.Response.Headers["Docker-Content-Digest"] = digest;
        context.Response.Headers.CacheControl = "private, max-age=31536000, immutable";
        context.Features.Set<IHttpResponseBodyFeature>(new BlobBody(context.Features.GetRequiredFeature<IHttpResponseBodyFeature>()));
        return TypedResults.PhysicalFile(path, type, enableRangeProcessing: true, entityTag: new EntityTagHeaderValue($"\"{digest}\""));
    }

    private static async Task<IResult> ReferrersAsync(string repository, string digest, string? artifactType, HttpContext context, RegistryAccess access, ImageStore store, ServerDb db)
    {
        await access.RequireAsync(context, repository);
        if (!Names.IsDigest(digest))
        {
            throw RequestRefused.BadInput("Referrers are asked by a digest: sha256: and 64 hex digits.");
        }

        var all = store.ListReferrers(digest, artifactType);
        var digests = all.Select(d => d.Digest).ToList();
        var here = await db.RepositoryBlobs.Where(b => b.Repository == repository && digests.Contains(b.Digest)).Select(b => b.Digest).ToListAsync(context.RequestAborted);
        if (artifactType is not null)
        {
            context.Response.Headers["OCI-Filters-Applied"] = "artifactType";
        }

        var index = new OciIndex { Manifests = [.. all.Where(d => here.Contains(d.Digest, StringComparer.Ordinal))] };
        return TypedResults.Bytes(JsonSerializer.SerializeToUtf8Bytes(index, OciJson.Default.OciIndex), MediaTypes.OciIndex);
    }

    private static async Task<IResult> TagsAsync(string repository, HttpContext context, RegistryAccess access, ServerDb db)
    {
        await access.RequireAsync(context, repository);
        var numbers = await db.Generations.Where(g => g.Image!.Name == repository).OrderBy(g => g.Number).Select(g => g.Number).ToListAsync(context.RequestAborted);
        return TypedResults.Content($$"""{"name":"{{repository}}","tags":[{{string.Join(',', numbers.Select(n => $"\"{n}\""))}}]}""", "application/json");
    }
}
