using Caisson.ControlPlane.Data;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.Web.Tests.Seed;

/// <summary>
/// A company of twenty thousand PCs as a server would know it after a few months: four images, four groups, a rollout of generation 7
/// nearly done, a few faults, one draft. Always the same rows, told from one moment.
/// </summary>
internal sealed class SeededFleet(ServerDb db, DateTimeOffset now)
{
    public const int Pcs = 20_000;

    /// <summary>The PC with something of everything: a picture, a delta on its way, a personal workspace beside.</summary>
    public const string ShownPc = "upp-0412";

    private const long GB = 1_000_000_000;
    private const long MB = 1_000_000;

    private static readonly (string Code, string Name)[] s_places =
    [
        ("upp", "Uppsala, 3rd floor"), ("got", "Gothenburg, harbour office"), ("mal", "Malmö, accounting"), ("osl", "Oslo, sales"),
        ("hel", "Helsinki, design"), ("cph", "Copenhagen, 2nd floor"), ("tal", "Tallinn, support"), ("ber", "Bergen, depot"),
    ];

    private static readonly string[] s_first =
    [
        "Ada", "Björn", "Clara", "Daniel", "Elin", "Farid", "Greta", "Henrik", "Ingrid", "Jonas", "Karin", "Lars", "Maja", "Nils", "Olga", "Per",
        "Rania", "Sofia", "Tove", "Ulf", "Vera", "Wilma", "Yusuf", "Åsa",
    ];

    private static readonly string[] s_last =
    [
        "Lindqvist", "Andersen", "Berg", "Dahl", "Ekström", "Fors", "Hallberg", "Holm", "Jansson", "Karlsen", "Lund", "Mattila", "Nyberg", "Olsen",
        "Petersen", "Rasmussen", "Sandvik", "Tamm", "Virtanen", "Wallin", "Åkerman",
    ];

    private readonly Random random = new(20_261_122);

    /// <summary>Every picture the rows speak of: PC, workspace, and a number to draw it by.</summary>
    public static IEnumerable<(string Endpoint, string Workspace, int Number)> Pictures()
    {
        var shown = Enumerable.Range(0, Pcs).First(i => IdOf(i) == ShownPc);
        foreach (var index in Enumerable.Range(0, PcsWithPicture).Append(shown))
        {
            foreach (var workspace in GroupOf(index) switch { 2 => (string[])["work", "scratch"], 3 => ["kiosk"], _ => ["work"] })
            {
                yield return (IdOf(index), workspace, index);
            }
        }
    }

    private const int PcsWithPicture = 900;

    /// <summary>A PC that went back from generation 7, with what was seen of it.</summary>
    public static string RolledBackPc => IdOf(40);

    /// <summary>The newest start of it that failed.</summary>
    public static string FailedStart => $"/pcs/{RolledBackPc}/workspaces/work/starts/e-2";

    /// <summary>Everything seen of failed starts: PC, workspace, id.</summary>
    public static IEnumerable<(string Endpoint, string Workspace, string Id)> Seen() =>
        from index in (int[])[40, 611, 205, 1022]
        from id in (string[])["e-1", "e-2"]
        select (IdOf(index), "work", id);

    private static string IdOf(int index) => $"{s_places[index % s_places.Length].Code}-{(index / s_places.Length) + 1:D4}";

    // Of twenty PCs twelve are in the office, four in the field, three in engineering, one at a reception.
    private static int GroupOf(int index) => (index % 20) switch { < 12 => 0, < 16 => 1, < 19 => 2, _ => 3 };

    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        await WriteImagesAsync(cancellationToken);
        var groups = await WriteGroupsAsync(cancellationToken);
        for (var from = 0; from < Pcs; from += 2000)
        {
            for (var i = from; i < from + 2000; i++)
            {
                AddPc(i, groups);
            }

            await db.SaveChangesAsync(cancellationToken);
            db.ChangeTracker.Clear();
        }

        await WriteEvidenceAsync(cancellationToken);
        await WriteActivityAsync(cancellationToken);
        await db.Database.ExecuteSqlRawAsync("ANALYZE", cancellationToken);
    }

    private async Task WriteImagesAsync(CancellationToken cancellationToken)
    {
        AddImage("office", 8, released: 7, retiredTo: 4, imageBytes: 12 * GB, storedBytes: 3_640 * MB);
        AddImage("engineering", 3, released: 3, retiredTo: 1, imageBytes: 28 * GB, storedBytes: 9_120 * MB);
        AddImage("kiosk", 2, released: 2, retiredTo: 0, imageBytes: 4 * GB, storedBytes: 890 * MB);
        AddImage("home", 1, released: 1, retiredTo: 0, imageBytes: 8 * GB, storedBytes: 1_950 * MB);
        await db.SaveChangesAsync(cancellationToken);
    }

    private void AddImage(string name, int generations, int released, int retiredTo, long imageBytes, long storedBytes)
    {
        var image = new MasterImage { Name = name, CreatedAt = now.AddDays(-140) };
        for (var number = 1; number <= generations; number++)
        {
            image.Generations.Add(new Generation
            {
                ImageId = 0,
                Number = number,
                State = number > released ? GenerationState.Draft : number <= retiredTo ? GenerationState.Retired : GenerationState.Released,
                ManifestDigest = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{name}@{number}"))),
                ImageBytes = imageBytes,
                StoredBytes = storedBytes + (number * 31 * MB),
                PublishedAt = now.AddDays((number - generations) * 14).AddHours(-3),
                ReleasedAt = number <= released ? now.AddDays((number - generations) * 14).AddHours(20) : null,
                DeltaFrom = number > 1 ? number - 1 : null,
                DeltaState = number > 1 ? DeltaState.Ready : null,
                DeltaBytes = number > 1 ? (118 + (number * 7)) * MB : 0,
            });
        }

        db.Images.Add(image);
    }

    private async Task<EndpointGroup[]> WriteGroupsAsync(CancellationToken cancellationToken)
    {
        EndpointGroup[] groups =
        [
            Group("office", "Everybody at a desk", ("work", "Work", WorkspaceKind.Managed, "office"), ("personal", "Personal", WorkspaceKind.Personal, "home")),
            Group("field", "Sales and depots, often offline", ("work", "Work", WorkspaceKind.Managed, "office")),
            Group("engineering", "Builds and simulations", ("work", "Workshop", WorkspaceKind.Managed, "engineering"), ("scratch", "Scratch", WorkspaceKind.Disposable, "engineering")),
            Group("reception", "Screens that visitors touch", ("kiosk", "Kiosk", WorkspaceKind.Disposable, "kiosk")),
        ];
        db.Groups.AddRange(groups);
        await db.SaveChangesAsync(cancellationToken);
        db.ChangeTracker.Clear();
        return groups;
    }

    private static EndpointGroup Group(string name, string description, params (string Id, string Name, WorkspaceKind Kind, string Image)[] gives)
    {
        var group = new EndpointGroup { Name = name, Description = description };
        group.Assignments.AddRange(gives.Select(g => new Assignment
        {
            GroupId = 0,
            WorkspaceId = g.Id,
            Name = g.Name,
            Kind = g.Kind,
            ImageName = g.Image,
            Track = AssignmentTrack.Released,
            MemoryMiB = g.Image == "engineering" ? 16_384 : 4096,
            Cpus = g.Image == "engineering" ? 8 : 2,
            UserVolumeBytes = g.Kind == WorkspaceKind.Managed ? 40 * GB : 0,
            AutoStart = g.Kind == WorkspaceKind.Managed,
        }));
        return group;
    }

    private void AddPc(int index, EndpointGroup[] groups)
    {
        var place = s_places[index % s_places.Length];
        var id = IdOf(index);
        var group = groups[GroupOf(index)];
        var online = random.Next(100) < 71;
        var seen = id == ShownPc || online ? now.AddSeconds(-random.Next(5, 70)) : now.AddMinutes(-Math.Pow(random.NextDouble(), 3) * 9200);
        var pc = new EnrolledEndpoint
        {
            Id = id,
            HostName = id.ToUpperInvariant(),
            Person = group.Name == "reception" ? "" : $"{s_first[random.Next(s_first.Length)]} {s_last[random.Next(s_last.Length)]}",
            Place = place.Name,
            DeviceKey = [1, 2, 3],
            EnrolledAt = now.AddDays(-random.Next(20, 130)),
            LastSeenAt = seen,
            Sequence = 41,
            AppliedSequence = online ? 41 : 40,
            Host = new ReportedHost
            {
                CaissondVersion = "0.1.0",
                QemuVersion = index % 9 == 0 ? "7.2" : "10.0",
                Accelerator = index is 17 or 1033 ? "tcg" : "kvm",
                Cpus = 8,
                MemoryBytes = 16 * GB,
                FreeDiskBytes = 212 * GB,
            },
        };
        pc.Memberships.Add(new GroupMember { GroupId = group.Id, EndpointId = id });
        pc.Workspaces.AddRange(group.Assignments.Select(a => Workspace(index, id, a, online, seen)));
        db.Endpoints.Add(pc);
    }

    private ReportedWorkspace Workspace(int index, string id, Assignment given, bool online, DateTimeOffset seen)
    {
        var newest = given.ImageName switch { "office" => 7, "engineering" => 3, "kiosk" => 2, _ => 1 };
        var behind = random.Next(1000);
        var running = id == ShownPc ? newest - 1 : newest - (behind < 6 ? 2 : behind < 38 ? 1 : 0);
        var filling = given.Kind == WorkspaceKind.Managed && (id == ShownPc || index % 211 == 3);
        var state = online ? WorkspaceState.Running : WorkspaceState.Stopped;
        var workspace = new ReportedWorkspace
        {
            EndpointId = id,
            WorkspaceId = given.WorkspaceId,
            Kind = given.Kind,
            State = given.WorkspaceId == "scratch" ? WorkspaceState.Stopped : id == ShownPc ? WorkspaceState.Running : state,
        };
        if (given.Kind == WorkspaceKind.Personal)
        {
            return workspace;
        }

        workspace.RunningGeneration = Math.Max(1, running);
        workspace.PreparedGeneration = filling ? running : newest;
        workspace.ImageBytes = 12 * GB;
        workspace.PresentBytes = filling ? 12 * GB * (id == ShownPc ? 63 : random.Next(12, 99)) / 100 : 12 * GB;
        workspace.StartedAt = seen.AddHours(-5);
        workspace.FirstHeartbeatAt = workspace.State == WorkspaceState.Running ? seen.AddHours(-5).AddSeconds(24) : null;
        workspace.LastHeartbeatAt = workspace.FirstHeartbeatAt is null ? null : seen;
        workspace.GuestFactsJson = $$"""{"generation":"{{workspace.RunningGeneration}}","os-name":"Debian GNU/Linux 13 (trixie)","session":"active"}""";
        workspace.ScreenshotAt = index < PcsWithPicture || id == ShownPc ? seen : null;
        (workspace.Health, workspace.CommittedGeneration, workspace.KeptGenerations) = (GenerationHealth.Well, workspace.RunningGeneration, string.Join(' ', new[] { workspace.RunningGeneration - 1 }.Where(n => n > 0)));
        if (id == ShownPc)
        {
            (workspace.UpdateWaitsSince, workspace.UpdateBy) = (now.AddMinutes(-50), now.AddHours(7));
        }

        Break(index, workspace);
        Fail(index, workspace);
        return workspace;
    }

    // Generations that did not live on some PCs.
    private static void Fail(int index, ReportedWorkspace workspace)
    {
        (workspace.Health, workspace.CommittedGeneration, workspace.RefusedGeneration, workspace.Failure) = index switch
        {
            40 or 611 => (GenerationHealth.RolledBack, 6, 7, StartFailure.Silent),
            205 or 2206 or 3002 => (GenerationHealth.Degraded, 6, null, null),
            1022 => (GenerationHealth.PcFault, 7, null, StartFailure.Panicked),
            _ => (workspace.Health, workspace.CommittedGeneration, (int?)null, (StartFailure?)null),
        };
        (workspace.RunningGeneration, workspace.State) = index switch
        {
            40 or 611 => (6, WorkspaceState.Running),
            1022 => (7, WorkspaceState.Stopped),
            _ => (workspace.RunningGeneration, workspace.State),
        };
    }

    private async Task WriteEvidenceAsync(CancellationToken cancellationToken)
    {
        db.Evidence.AddRange(Seen().Select(seen => new Evidence
        {
            EndpointId = seen.Endpoint,
            WorkspaceId = seen.Workspace,
            Id = seen.Id,
            Generation = 7,
            At = now.AddMinutes(seen.Id == "e-2" ? -64 : -76),
            Failure = StartFailure.Silent,
            Text = "A start of office@7 failed: it did not answer within 10 minutes of running, and nothing moved on its screen.",
            ReceivedAt = now.AddMinutes(-60),
            HasScreen = true,
            HasSerial = true,
        }));
        await db.SaveChangesAsync(cancellationToken);
    }

    // Two kinds of fault, on a handful of PCs.
    private static void Break(int index, ReportedWorkspace workspace)
    {
        (workspace.State, workspace.Problem) = index switch
        {
            1288 => (WorkspaceState.Failed, "The disk has 1.1 GB free and generation 7 needs 3.8 GB. Free space on the PC, then start it again."),
            77 or 400 or 9001 => (WorkspaceState.WaitingForDisk, "The server could not be reached while the image was still arriving. It goes on by itself when the network is back."),
            _ => (workspace.State, workspace.Problem),
        };
    }

    private async Task WriteActivityAsync(CancellationToken cancellationToken)
    {
        var entries = new List<ActivityEntry>();
        for (var i = 0; i < 600; i++)
        {
            var place = s_places[i % s_places.Length].Code;
            var id = $"{place}-{(i / 3) + 1:D4}";
            var at = now.AddMinutes(-(600 - i) * 9);
            entries.Add((i % 7) switch
            {
                0 => Entry(at, id, ActivityKinds.WorkspacePrepared, "Work generation 7 is complete on the disk and used at the next start.", id),
                1 => Entry(at, id, ActivityKinds.WorkspaceGeneration, "Work runs generation 7.", id),
                2 => Entry(at, "console", ActivityKinds.OrderIssued, "Restart of Work was ordered.", id),
                3 => Entry(at, id, ActivityKinds.OrderDone, "Work was restarted.", id),
                4 => Entry(at, "console", ActivityKinds.DisplayOpened, "The screen of Work was opened.", id),
                5 => Entry(at, id, ActivityKinds.WorkspaceHeartbeat, "The desktop of Work answered 24 s after its start.", id),
                _ => Entry(at, "ci", ActivityKinds.EnrolmentTokenCreated, "An enrolment token for group 'field' was made.", null),
            });
        }

        entries.AddRange(
        [
            Entry(now.AddHours(-3), "ci", ActivityKinds.GenerationPublished, "Generation 8 of 'office' was published as a draft.", null),
            Entry(now.AddMinutes(-170), "server", ActivityKinds.DeltaReady, "The update of 'office' from generation 7 to 8 is ready: 174 MB.", null),
            Entry(now.AddMinutes(-88), "upp-0006", ActivityKinds.WorkspacePrepared, "work on UPP-0006 has generation 7 ready for its next start.", "upp-0006"),
            Entry(now.AddMinutes(-63), "upp-0006", ActivityKinds.WorkspaceRolledBack, "work on UPP-0006 went back to generation 6: generation 7 failed twice, the desktop did not answer.", "upp-0006"),
            Entry(now.AddMinutes(-62), "upp-0006", ActivityKinds.WorkspaceHeartbeat, "work on UPP-0006 is up: first heartbeat of this start.", "upp-0006"),
            Entry(now.AddMinutes(-42), "console", ActivityKinds.OrderIssued, "Restart of Work was ordered.", ShownPc),
            Entry(now.AddMinutes(-41), ShownPc, ActivityKinds.OrderDone, "Work was restarted.", ShownPc),
            Entry(now.AddMinutes(-38), ShownPc, ActivityKinds.WorkspaceHeartbeat, "The desktop of Work answered 24 s after its start.", ShownPc),
            Entry(now.AddMinutes(-2), "console", ActivityKinds.DisplayOpened, "The screen of Work was opened.", ShownPc),
        ]);
        db.Activity.AddRange(entries.OrderBy(e => e.At));
        await db.SaveChangesAsync(cancellationToken);
    }

    private static ActivityEntry Entry(DateTimeOffset at, string actor, string kind, string text, string? endpoint) =>
        new() { At = at, Actor = actor, Kind = kind, Text = text, EndpointId = endpoint };
}
