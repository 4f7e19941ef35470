namespace Caisson.Demo.Hosts;

/// <summary>
/// Where a process runs: this machine as it is, or, in a check, a network namespace and a user of its own.
/// A pure mapping from a command to the command that runs it there.
/// </summary>
internal sealed record Host(string Name, string? NetworkNamespace = null, int? UserId = null)
{
    /// <summary>This machine, this user, this network.</summary>
    public static Host Here { get; } = new("this machine");

    /// <summary>The command line that runs <paramref name="command"/> on this host; the first element is the executable.</summary>
    public IReadOnlyList<string> Wrap(IReadOnlyList<string> command)
    {
        var wrapped = new List<string>();
        if (NetworkNamespace is not null)
        {
            wrapped.AddRange(["ip", "netns", "exec", NetworkNamespace]);
        }

        if (UserId is { } uid)
        {
            var id = uid.ToString(System.Globalization.CultureInfo.InvariantCulture);
            // no-new-privs: what runs here can not become root again, whatever set-uid program it finds.
            wrapped.AddRange(["setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--no-new-privs"]);
        }

        wrapped.AddRange(command);
        return wrapped;
    }
}
