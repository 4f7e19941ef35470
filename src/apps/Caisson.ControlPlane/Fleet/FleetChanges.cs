using Caisson.ControlPlane.Data;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>What an administrator changes about the fleet: groups, assignments, endpoints. The API and the console both come here.</summary>
internal sealed class FleetChanges(IDbContextFactory<ServerDb> database, DesiredStateChanges changes, TimeProvider time)
{
    public async Task CreateGroupAsync(string actor, CreateGroupRequest request, CancellationToken cancellationToken)
    {
        if (!Names.IsWorkspaceId(request.Name))
        {
            throw RequestRefused.BadInput($"'{request.Name}' cannot be a group's name: 1 to 40 of a-z, 0-9 and dashes.");
        }

        await using var db = await database.CreateDbContextAsync(cancellationToken);
        if (await db.Groups.AnyAsync(g => g.Name == request.Name, cancellationToken))
        {
            throw RequestRefused.AlreadyExists($"There is a group '{request.Name}' already.");
        }

        db.Groups.Add(new EndpointGroup { Name = request.Name, Description = request.Description ?? "" });
        db.Record(time, actor, ActivityKinds.GroupCreated, $"Group '{request.Name}' was made.");
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Its endpoints stay; its assignments go, and with them their workspaces.</summary>
    public async Task DeleteGroupAsync(string actor, string name, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        db.Groups.Remove(await GroupAsync(db, name, cancellationToken));
        db.Record(time, actor, ActivityKinds.GroupDeleted, $"Group '{name}' was deleted.");
        await db.SaveChangesAsync(cancellationToken);
        changes.AnnounceAll();
    }

    /// <summary>What its PCs run under their workspaces; null leaves them as they are.</summary>
    public async Task SetApplianceAsync(string actor, string name, string? image, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var group = await GroupAsync(db, name, cancellationToken);
        if (image is not null && !await db.Images.AnyAsync(i => i.Name == image, cancellationToken))
        {
            throw RequestRefused.NotFound($"There is no image '{image}'. Publish the appliance's first generation before it is given to a group.");
        }

        group.ApplianceImage = image;
        db.Record(time, actor, ActivityKinds.GroupAppliance, image is null ? $"The PCs of group '{name}' keep the appliance they have." : $"The PCs of group '{name}' take their appliance from image {image}.");
        await db.SaveChangesAsync(cancellationToken);
        changes.AnnounceAll();
    }

    public async Task<AssignmentInfo> CreateAssignmentAsync(string actor, CreateAssignmentRequest request, CancellationToken cancellationToken)
    {
        Check(request);
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var group = await GroupAsync(db, request.Group, cancellationToken);
        if (!await db.Images.AnyAsync(i => i.Name == request.Image, cancellationToken))
        {
            throw RequestRefused.NotFound($"There is no image '{request.Image}'. Publish its first generation, or make it, before it is assigned.");
        }

        if (await db.Assignments.AnyAsync(a => a.GroupId == group.Id && a.WorkspaceId == request.Workspace, cancellationToken))
        {
            throw RequestRefused.AlreadyExists($"Group '{request.Group}' has a workspace '{request.Workspace}' already.");
        }

        var row = new Assignment
        {
            GroupId = group.Id,
            Group = group,
            WorkspaceId = request.Workspace,
            Name = request.Name.Trim(),
            Kind = request.Kind,
            ImageName = request.Image,
            Track = request.Track,
            MemoryMiB = request.MemoryMiB,
            Cpus = request.Cpus,
            UserVolumeBytes = request.UserVolumeBytes,
            AutoStart = request.AutoStart,
        };
        db.Assignments.Add(row);
        db.Record(time, actor, ActivityKinds.AssignmentCreated, $"'{row.Name}' ({row.Kind}, image {row.ImageName}) was assigned to group '{group.Name}'.");
        await db.SaveChangesAsync(cancellationToken);
        changes.AnnounceAll();
        return Info(row, await db.Generations.AsNoTracking().Include(g => g.Image).Where(g => g.Image!.Name == row.ImageName).ToListAsync(cancellationToken));
    }

    /// <summary>How its PCs take updates.</summary>
    public async Task ChangeAssignmentAsync(string actor, int id, ChangeAssignmentRequest request, CancellationToken cancellationToken)
    {
        if (request.KeepGenerations is < 0 or > 20 || request.AnswerWithinSeconds is < 30 or > 7200 || request.UpdateWithinHours is < 0 or > 720)
        {
            throw RequestRefused.BadInput("A PC keeps 0 to 20 older generations, waits 30 seconds to 2 hours for an answer, and an update waits 1 to 720 hours; 0 is for ever.");
        }

        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var row = await db.Assignments.Include(a => a.Group).FirstOrDefaultAsync(a => a.Id == id, cancellationToken) ?? throw RequestRefused.NotFound($"There is no assignment {id}.");
        row.KeepGenerations = request.KeepGenerations ?? row.KeepGenerations;
        row.AnswerWithinSeconds = request.AnswerWithinSeconds ?? row.AnswerWithinSeconds;
        row.UpdateWithinHours = request.UpdateWithinHours switch { null => row.UpdateWithinHours, 0 => null, var hours => hours };
        db.Record(time, actor, ActivityKinds.AssignmentChanged, $"'{row.Name}' in group '{row.Group!.Name}' {(row.UpdateWithinHours is { } within ? $"takes updates within {within} h" : "takes updates at its next start")}, keeps {row.KeepGenerations} older generations and is given {row.AnswerWithinSeconds} s to answer.");
        await db.SaveChangesAsync(cancellationToken);
        changes.AnnounceAll();
    }

    public async Task DeleteAssignmentAsync(string actor, int id, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var row = await db.Assignments.Include(a => a.Group).FirstOrDefaultAsync(a => a.Id == id, cancellationToken) ?? throw RequestRefused.NotFound($"There is no assignment {id}.");
        db.Assignments.Remove(row);
        db.Record(time, actor, ActivityKinds.AssignmentDeleted, $"'{row.Name}' is no longer assigned to group '{row.Group!.Name}'.");
        await db.SaveChangesAsync(cancellationToken);
        changes.AnnounceAll();
    }

    public async Task ChangeEndpointAsync(string actor, string id, ChangeEndpointRequest request, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var endpoint = await db.Endpoints.Include(e => e.Memberships).ThenInclude(m => m.Group).FirstOrDefaultAsync(e => e.Id == id, cancellationToken)
            ?? throw RequestRefused.NotFound($"There is no endpoint '{id}'.");
        if (request.FillBytesPerSecond is { } limit)
        {
            endpoint.FillBytesPerSecond = limit switch
            {
                < 0 => throw RequestRefused.BadInput("A fill limit is not negative; 0 takes the limit away."),
                0 => null,
                _ => limit,
            };
            db.Record(time, actor, ActivityKinds.EndpointChanged, limit == 0 ? $"{endpoint.HostName} fills without a limit." : $"{endpoint.HostName} fills with at most {limit} bytes a second.", id);
        }

        if (request.Person is not null || request.Place is not null)
        {
            endpoint.Person = Label(request.Person ?? endpoint.Person);
            endpoint.Place = Label(request.Place ?? endpoint.Place);
            db.Record(time, actor, ActivityKinds.EndpointChanged, $"{endpoint.HostName} is used by {(endpoint.Person.Length == 0 ? "nobody named" : endpoint.Person)}{(endpoint.Place.Length == 0 ? "" : $", {endpoint.Place}")}.", id);
        }

        if (request.Groups is { } names)
        {
            var wanted = await db.Groups.Where(g => names.Contains(g.Name)).ToListAsync(cancellationToken);
            if (names.Except(wanted.Select(g => g.Name), StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            {
                throw RequestRefused.NotFound($"There is no group '{unknown}'.");
            }

            db.GroupMembers.RemoveRange(endpoint.Memberships.Where(m => wanted.All(g => g.Id != m.GroupId)));
            db.GroupMembers.AddRange(wanted.Where(g => endpoint.Memberships.All(m => m.GroupId != g.Id)).Select(g => new GroupMember { GroupId = g.Id, EndpointId = id }));
            db.Record(time, actor, ActivityKinds.EndpointChanged, names.Count == 0 ? $"{endpoint.HostName} is in no group." : $"{endpoint.HostName} is in {string.Join(", ", names)}.", id);
        }

        await db.SaveChangesAsync(cancellationToken);
        changes.Announce(id);
    }

    /// <summary>For good: a revoked endpoint gets no certificate and no answer; the PC can only enrol anew.</summary>
    public async Task RevokeEndpointAsync(string actor, string id, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var endpoint = await db.Endpoints.FindAsync([id], cancellationToken) ?? throw RequestRefused.NotFound($"There is no endpoint '{id}'.");
        if (endpoint.RevokedAt is null)
        {
            endpoint.RevokedAt = time.GetUtcNow();
            db.Record(time, actor, ActivityKinds.EndpointRevoked, $"{endpoint.HostName} was revoked.", id);
            await db.SaveChangesAsync(cancellationToken);
        }

        changes.Announce(id);
    }

    /// <param name="generations">At least those of its image.</param>
    public static AssignmentInfo Info(Assignment a, IReadOnlyList<Generation> generations) => new()
    {
        Id = a.Id,
        Group = a.Group!.Name,
        Workspace = a.WorkspaceId,
        Name = a.Name,
        Kind = a.Kind,
        Image = a.ImageName,
        Track = a.Track,
        MemoryMiB = a.MemoryMiB,
        Cpus = a.Cpus,
        UserVolumeBytes = a.UserVolumeBytes,
        AutoStart = a.AutoStart,
        HeldAt = a.HeldAt,
        Generation = DesiredStateComposition.Current(a, generations)?.Number,
        KeepGenerations = a.KeepGenerations,
        AnswerWithinSeconds = a.AnswerWithinSeconds,
        UpdateWithinHours = a.UpdateWithinHours,
    };

    private static string Label(string text) => text.Trim() is { Length: <= 80 } label
        ? label
        : throw RequestRefused.BadInput("A person's or a place's name has at most 80 characters.");

    private static void Check(CreateAssignmentRequest request)
    {
        if (!Names.IsWorkspaceId(request.Workspace))
        {
            throw RequestRefused.BadInput($"'{request.Workspace}' cannot be a workspace id: 1 to 40 of a-z, 0-9 and dashes.");
        }

        if (request.Name.Trim().Length is 0 or > 40)
        {
            throw RequestRefused.BadInput("A workspace's name has 1 to 40 characters.");
        }

        if (request.MemoryMiB is < 64 or > 1 << 20 || request.Cpus is < 1 or > 256 || request.UserVolumeBytes is < 0 or > 1L << 44)
        {
            throw RequestRefused.BadInput("A workspace has 64 MiB to 1 TiB of memory, 1 to 256 processors and a user volume of at most 16 TiB.");
        }
    }

    private static async Task<EndpointGroup> GroupAsync(ServerDb db, string name, CancellationToken cancellationToken) =>
        await db.Groups.FirstOrDefaultAsync(g => g.Name == name, cancellationToken) ?? throw RequestRefused.NotFound($"There is no group '{name}'.");
}
