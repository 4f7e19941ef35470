using System.Text.Json;
using Caisson.Machines;
using Caisson.Slots;

namespace Caisson.Endpoint.Appliance;

/// <summary>The appliance's own file on the data partition. Root writes it, one process at a time; caissond and whoever looks for support read it.</summary>
internal sealed class StateFile(string folder)
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private string File => Path.Combine(folder, "state.json");

    /// <summary>Holds every other writer off until disposed.</summary>
    public async Task<FileStream> LockAsync(TimeProvider time, CancellationToken ct)
    {
        Directory.CreateDirectory(folder, Everybody | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (!ct.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), time, ct);
            }
        }
    }

    /// <summary>A damaged file counts as none: a PC that forgets a floor still runs, one that cannot start does not.</summary>
    public ApplianceState Read()
    {
        try
        {
            return System.IO.File.Exists(File) ? ApplianceState.Parse(System.IO.File.ReadAllBytes(File)) : new ApplianceState();
        }
        catch (JsonException)
        {
            return new ApplianceState();
        }
    }

    public void Write(ApplianceState state)
    {
        var part = File + ".new";
        using (var stream = new FileStream(part, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Everybody }))
        {
            stream.Write(state.ToJson());
            stream.Flush(flushToDisk: true);
        }

        System.IO.File.SetUnixFileMode(part, Everybody); // Whatever the umask of who runs this.
        System.IO.File.Move(part, File, overwrite: true);
        DurableFolder.Sync(folder);
    }
}
