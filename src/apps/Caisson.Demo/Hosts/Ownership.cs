using System.Globalization;

namespace Caisson.Demo.Hosts;

/// <summary>Gives folders to the users of the two hosts, and shows that neither can open the other's.</summary>
internal static class Ownership
{
    /// <summary>Makes <paramref name="folder"/> the host's own, closed to everybody else.</summary>
    public static async Task GiveAsync(Host host, string folder, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (host.UserId is { } uid)
        {
            var id = uid.ToString(CultureInfo.InvariantCulture);
            await ChildProcess.RunAsync(Host.Here, ["chown", "-R", $"{id}:{id}", folder], cancel);
        }
    }

    /// <summary>Whether <paramref name="host"/> can read <paramref name="file"/>.</summary>
    public static async Task<bool> CanOpenAsync(Host host, string file, CancellationToken cancel)
    {
        try
        {
            await ChildProcess.RunAsync(host, ["head", "-c", "1", file], cancel);
            return true;
        }
        catch (CommandFailedException)
        {
            return false;
        }
    }
}
