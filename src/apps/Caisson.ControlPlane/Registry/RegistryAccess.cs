using System.Collections.Concurrent;
using Caisson.ControlPlane.Certificates;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Registry;

/// <summary>
/// Who may read what: administrators and site caches everything, an endpoint the repositories of the images it is assigned and of its appliance. What is not allowed is not
/// found, so that nobody learns names here. A boot makes thousands of range requests, so a yes is remembered for some seconds.
/// </summary>
internal sealed class RegistryAccess(IDbContextFactory<ServerDb> database, TimeProvider time)
{
    private static readonly TimeSpan s_remembered = TimeSpan.FromSeconds(10);

    /// <summary>More blobs than the packs of some large images: then all are forgotten, and asked for again.</summary>
    private const int MostBlobs = 100_000;

    private readonly ConcurrentDictionary<(string Endpoint, string Repository), long> _allowed = new();
    private readonly ConcurrentDictionary<(string Repository, string Digest), long> _here = new();

    public async Task RequireAsync(HttpContext context, string repository)
    {
        if (!Names.IsImage(repository))
        {
            throw RequestRefused.BadInput("A repository's name is 1 to 64 of a-z, 0-9, and single . _ - between them.");
        }

        if (context.Features.Get<Listener>()?.Kind == ListenerKind.People)
        {
            return;
        }

        if (context.User.IsInRole(EndpointCertificateHandler.SiteCacheRole))
        {
            RequireDigest(context);
            return;
        }

        var key = (Endpoint: context.Actor(), Repository: repository);
        if (_allowed.TryGetValue(key, out var since) && time.GetElapsedTime(since) < s_remembered)
        {
            return;
        }

        await using var db = await database.CreateDbContextAsync(context.RequestAborted);
        if (!await db.Assignments.AnyAsync(a => a.ImageName == key.Repository && db.GroupMembers.Any(m => m.GroupId == a.GroupId && m.EndpointId == key.Endpoint), context.RequestAborted)
            && !await db.Groups.AnyAsync(g => g.ApplianceImage == key.Repository && g.Members.Any(m => m.EndpointId == key.Endpoint), context.RequestAborted))
        {
            _allowed.TryRemove(key, out _);
            throw RequestRefused.NotFound($"There is no repository '{repository}' for this endpoint.");
        }

        _allowed[key] = time.GetTimestamp();
    }

    /// <summary>A site cache asks for all PCs of its site, and knows what to ask for only from them: by digest, which nobody guesses.</summary>
    private static void RequireDigest(HttpContext context)
    {
        if ((context.Request.RouteValues["digest"] ?? context.Request.RouteValues["reference"]) is not string named || !Names.IsDigest(named))
        {
            throw RequestRefused.NotFound("A site cache reads by digest only.");
        }
    }

    /// <summary>
    /// An endpoint reads only blobs of the repository it asked; an administrator also finds a blob that another repository brought, so that it
    /// need not be pushed twice.
    /// </summary>
    public async Task RequireBlobAsync(HttpContext context, string repository, string digest)
    {
        if (context.Features.Get<Listener>()?.Kind == ListenerKind.People)
        {
            return;
        }

        if (_here.TryGetValue((repository, digest), out var since) && time.GetElapsedTime(since) < s_remembered)
        {
            return;
        }

        await using var db = await database.CreateDbContextAsync(context.RequestAborted);
        if (!await db.RepositoryBlobs.AnyAsync(b => b.Repository == repository && b.Digest == digest, context.RequestAborted))
        {
            throw RequestRefused.NotFound($"There is no {digest} in repository '{repository}'.");
        }

        if (_here.Count >= MostBlobs)
        {
            _here.Clear();
        }

        _here[(repository, digest)] = time.GetTimestamp();
    }
}
