using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Caisson.Endpoint.Files;
using Caisson.Endpoint.Identity;
using Caisson.Protocol;
using Caisson.Trust;

namespace Caisson.Endpoint.Server;

/// <summary>
/// The last good desired state, on disk so that the PC works offline, and the sequence floor that never goes back.
/// The state is durable before its floor, and both before it is acted on: a crash in between leaves a state that is still good, never a floor
/// above it with no state at all.
/// </summary>
internal sealed partial class DesiredStateStore(EndpointPaths paths, Enrolment enrolment)
{
    private const int MostWorkspaces = 32;
    private const int MostOrders = 256;

    private long floorOnDisk = ReadFloor(paths);

    public long Floor { get; private set; } = ReadFloor(paths);

    /// <summary>What was last accepted, verified again; null when there is none or it was damaged.</summary>
    public DesiredState? LoadLast()
    {
        if (AtomicFile.Read(paths.DesiredState) is not { } bytes)
        {
            return null;
        }

        try
        {
            var state = Open(bytes);
            if (state.Sequence < Floor)
            {
                return null;
            }

            Floor = state.Sequence; // It was accepted, and the power went before its floor was written.
            return state;
        }
        catch (TrustException)
        {
            return null; // A damaged copy is worth no more than none: the server has it.
        }
    }

    /// <summary>Verifies and keeps a document; returns what to act on.</summary>
    /// <exception cref="TrustException">Not signed by the pinned key, for another PC, older than what was acted on, or out of bounds.</exception>
    public DesiredState Accept(byte[] document)
    {
        var state = Open(document);
        if (new SequenceFloor(Floor).Judge(state.Sequence) is SequenceVerdict.Refused refused)
        {
            throw new TrustException(refused.Message);
        }

        AtomicFile.Write(paths.DesiredState, document);
        if (floorOnDisk < state.Sequence)
        {
            AtomicFile.Write(paths.SequenceFloor, Encoding.ASCII.GetBytes(state.Sequence.ToString(CultureInfo.InvariantCulture)));
            floorOnDisk = state.Sequence;
        }

        Floor = state.Sequence;
        return state;
    }

    private DesiredState Open(byte[] document)
    {
        using var pinned = enrolment.OpenDesiredStateKey();
        DesiredState state;
        try
        {
            var payload = SignedDocument.Parse(document).Open(pinned, DesiredState.PayloadType);
            state = JsonSerializer.Deserialize(payload, ProtocolJson.Default.DesiredState) ?? throw new TrustException("The desired state is empty.");
        }
        catch (JsonException e)
        {
            throw new TrustException("The desired state cannot be read. Server and endpoint may be of different versions.", e);
        }

        if (state.Endpoint != enrolment.Endpoint)
        {
            throw new TrustException($"The desired state is for '{state.Endpoint}', not for this PC, '{enrolment.Endpoint}'.");
        }

        RefuseOutOfBounds(state);
        return state;
    }

    /// <summary>Names become paths and sizes become allocations; even the signed ones are bounded here, once.</summary>
    private static void RefuseOutOfBounds(DesiredState state)
    {
        if (state.Workspaces.Count > MostWorkspaces || state.Orders.Count > MostOrders)
        {
            throw new TrustException($"The desired state names {state.Workspaces.Count} workspaces and {state.Orders.Count} orders; at most {MostWorkspaces} and {MostOrders} are taken.");
        }

        if (state.Workspaces.Select(w => w.Id).Distinct().Count() != state.Workspaces.Count)
        {
            throw new TrustException("The desired state names a workspace twice.");
        }

        foreach (var workspace in state.Workspaces)
        {
            var ok = WorkspaceName().IsMatch(workspace.Id.Value) && Digest().IsMatch(workspace.Generation.ManifestDigest) && ImageName().IsMatch(workspace.Generation.Image)
                && workspace.Generation.Number > 0 && workspace.Cpus is > 0 and <= 256 && workspace.MemoryMiB is >= 16 and <= 4 * 1024 * 1024 && workspace.UserVolumeBytes is >= 0 and <= 1L << 50
                && (workspace.KeepGenerations is null or (>= 0 and <= 20)) && (workspace.AnswerWithinSeconds is null or (>= 5 and <= 86_400)) && (workspace.UpdateWithinHours is null or (>= 0 and <= 8760));
            if (!ok)
            {
                throw new TrustException($"The desired state's workspace '{workspace.Id}' has a name, digest, size or count out of bounds.");
            }
        }
    }

    private static long ReadFloor(EndpointPaths paths) =>
        AtomicFile.Read(paths.SequenceFloor) is { } bytes && long.TryParse(Encoding.ASCII.GetString(bytes), NumberStyles.None, CultureInfo.InvariantCulture, out var floor) ? floor : 0;

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,39}\\z", RegexOptions.NonBacktracking)]
    private static partial Regex WorkspaceName();

    [GeneratedRegex("^sha256:[0-9a-f]{64}\\z", RegexOptions.NonBacktracking)]
    private static partial Regex Digest();

    [GeneratedRegex("^[a-z0-9][a-z0-9._/-]{0,127}\\z", RegexOptions.NonBacktracking)]
    private static partial Regex ImageName();
}
