using System.Text;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>
/// Every file of one workspace. What must survive a reboot lies in the state folder; sockets and process records lie in the run folder,
/// which is separate because a Unix socket's path may have no more than 107 bytes (sockaddr_un) and state folders are often deep.
/// </summary>
public sealed record WorkspacePaths(string StateDirectory, string RunDirectory)
{
    private const int LongestSocketPath = 107;

    public string OsVolume => InState("os.qcow2");

    /// <summary>Names the base that <see cref="OsVolume"/> was made over.</summary>
    public string OsBaseId => InState("os.base");

    public string IdentityVolume => InState("identity.qcow2");

    public string UserVolume => InState("user.qcow2");

    public string FirmwareVariables => InState("firmware-vars.fd");

    /// <summary>The variables of a machine with Secure Boot: another set of keys, so another file.</summary>
    public string SecureFirmwareVariables => InState("firmware-vars.secure.fd");

    /// <summary>What the guest is told of itself; made anew at each start.</summary>
    public string ConfigDrive => InState("config.img");

    /// <summary>The guest's SSH host key (PEM), which outlives generations.</summary>
    public string HostKey => InState("host-key.pem");

    public string TpmDirectory => InState("tpm");

    /// <summary>The guest's first serial port.</summary>
    public string SerialLog => InState("serial.log");

    public string PreviousSerialLog => InState("serial.previous.log");

    /// <summary>What QEMU and swtpm say on stderr.</summary>
    public string ProcessLog => InState("qemu.log");

    /// <summary>Memory and devices of a suspended machine, as QEMU's migration writes them; holds whatever the guest held.</summary>
    public string SuspendedMemory => InState("suspended.ram");

    /// <summary>What <see cref="SuspendedMemory"/> belongs to (JSON). While this file is there the workspace is suspended, and only then.</summary>
    public string Suspension => InState("suspended.json");

    public string QmpSocket => InRun("qmp.sock");

    public string GuestSocket => InRun("guest.sock");

    public string VncSocket => InRun("vnc.sock");

    public string TpmSocket => InRun("tpm.sock");

    public string TpmProcess => InRun("tpm.pid");

    /// <summary>The spec and the executable of the running machine (JSON).</summary>
    public string Record => InRun("machine.json");

    /// <summary>/proc/PID/stat and the host's boot id, written by the process itself before it becomes QEMU.</summary>
    public string ProcessRecord => InRun("machine.proc");

    public string Screenshot => InRun("screen.png");

    /// <summary>What the screen showed when the driver gave the guest up; never of a personal workspace.</summary>
    public string LastScreen => InState("last-screen.png");

    public string Volume(VolumeRole role) => role switch
    {
        VolumeRole.Os => OsVolume,
        VolumeRole.Identity => IdentityVolume,
        VolumeRole.User => UserVolume,
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, null),
    };

    /// <exception cref="MachineException">A socket's path would be too long for the kernel.</exception>
    public void RequireShortSocketPaths()
    {
        foreach (var socket in (string[])[QmpSocket, GuestSocket, VncSocket, TpmSocket])
        {
            RequireShortSocketPath(socket);
        }
    }

    internal static void RequireShortSocketPath(string path)
    {
        var length = Encoding.UTF8.GetByteCount(path);
        if (length > LongestSocketPath)
        {
            throw new MachineException(MachineError.BadPath,
                $"The socket path '{path}' has {length} bytes; Linux allows {LongestSocketPath}. Choose a shorter run folder.");
        }
    }

    private string InState(string name) => Path.Combine(StateDirectory, name);

    private string InRun(string name) => Path.Combine(RunDirectory, name);
}
