using Caisson.Protocol;

namespace Caisson.Endpoint;

/// <summary>Every path caissond writes; docs/reference/files.md explains each. One place, so that a name is never spelt twice.</summary>
internal sealed class EndpointPaths
{
    /// <summary>sun_path of a Unix socket holds 108 bytes with its end; the longest socket name below the run folder needs 64.</summary>
    private const int LongestRunFolder = 107 - 64;

    public EndpointPaths(string dataFolder, string? runFolder = null)
    {
        Data = Path.GetFullPath(dataFolder);
        Run = Path.GetFullPath(runFolder ?? DefaultRunFolder(Data));
    }

    public string Data { get; }

    /// <summary>Sockets only; may lie on a file system that a reboot empties.</summary>
    public string Run { get; }

    public string Lock => Path.Combine(Data, "caissond.lock");

    public string DeviceKey => Path.Combine(Data, "identity", "device-key.pem");

    public string Session => Path.Combine(Data, "identity", "session.pem");

    public string Enrolment => Path.Combine(Data, "identity", "enrolment.json");

    public string SequenceFloor => Path.Combine(Data, "state", "sequence-floor");

    public string DesiredState => Path.Combine(Data, "state", "desired-state.json");

    public string SeenOrders => Path.Combine(Data, "state", "orders.json");

    public string Accelerator => Path.Combine(Data, "state", "accelerator.json");

    /// <summary>The appliance's image that is whole on this PC, for root to write into the spare slot.</summary>
    public string ApplianceOffer => Path.Combine(Data, "state", "appliance-offer.json");

    public string FillPaused => Path.Combine(Data, "state", "fill-paused");

    public string Images => Path.Combine(Data, "images");

    public string Workspaces => Path.Combine(Data, "workspaces");

    public string Status => Path.Combine(Data, "status.json");

    public string Links => Path.Combine(Data, "local", "links");

    public string Image(string manifestDigest) => Path.Combine(Images, DigestName(manifestDigest));

    public string NbdSocket(string manifestDigest) => Path.Combine(Run, "nbd", DigestName(manifestDigest)["sha256-".Length..][..16] + ".sock");

    public string Workspace(WorkspaceId id) => Path.Combine(Workspaces, id.Value);

    public string WorkspaceRecord(WorkspaceId id) => Path.Combine(Workspace(id), "workspace.json");

    public string Evidence(WorkspaceId id) => Path.Combine(Workspace(id), "evidence");

    /// <summary>Creates the folders, closed to every other user.</summary>
    public void Create()
    {
        foreach (var folder in (string[])[Data, Path.GetDirectoryName(DeviceKey)!, Path.GetDirectoryName(DesiredState)!, Images, Workspaces, Links, Run, Path.Combine(Run, "nbd")])
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        if (System.Text.Encoding.UTF8.GetByteCount(Run) > LongestRunFolder)
        {
            throw new EndpointException($"The run folder '{Run}' is too long for Unix sockets. Give a path of at most {LongestRunFolder} bytes with --run-dir.");
        }
    }

    /// <summary>Beside the data if the path is short enough for sockets, else a short name derived from it.</summary>
    private static string DefaultRunFolder(string data)
    {
        var beside = Path.Combine(data, "run");
        if (System.Text.Encoding.UTF8.GetByteCount(beside) <= LongestRunFolder)
        {
            return beside;
        }

        var hash = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(data));
        return Path.Combine(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "/run", "caissond-" + Convert.ToHexStringLower(hash)[..8]);
    }

    private static string DigestName(string manifestDigest) => manifestDigest.Replace(':', '-');
}
