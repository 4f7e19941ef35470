using System.Globalization;
using System.Text;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>Makes and drops a workspace's volumes on disk, as <see cref="VolumePolicy"/> says.</summary>
internal static class Volumes
{
    private const long IdentityBytes = 64 * 1024 * 1024;

    /// <summary>Leaves every volume the spec names on disk, whole; may be repeated after any interruption.</summary>
    public static async Task PrepareAsync(WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities, CancellationToken cancellation)
    {
        Drop(spec.Kind, paths, VolumePolicy.DropsAtStart);
        if (spec.OsBase is not null)
        {
            await PrepareOsAsync(spec, paths, capabilities, cancellation);
        }

        await CreateIfMissingAsync(paths.IdentityVolume, IdentityBytes, capabilities, cancellation);
        if (spec.UserVolumeBytes > 0)
        {
            await CreateIfMissingAsync(paths.UserVolume, spec.UserVolumeBytes, capabilities, cancellation);
        }

        if (spec.Firmware is Firmware.Uefi && Firmware.Variables(spec, paths) is var variables && !File.Exists(variables))
        {
            var next = variables + ".new";
            File.Copy(Firmware.Template(spec, capabilities), next, overwrite: true);
            AtomicFile.Publish(next, variables);
        }

        ConfigDrive.Prepare(spec, paths);
    }

    /// <summary>What QEMU wrote is on the disk itself, and not only in the host's memory.</summary>
    public static void Sync(WorkspacePaths paths)
    {
        foreach (var file in (string[])[paths.OsVolume, paths.IdentityVolume, paths.UserVolume, paths.FirmwareVariables, paths.SecureFirmwareVariables])
        {
            if (File.Exists(file))
            {
                using var volume = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                volume.Flush(flushToDisk: true);
            }
        }
    }

    public static void DropAtStop(WorkspaceKind kind, WorkspacePaths paths) => Drop(kind, paths, VolumePolicy.DropsAtStop);

    private static void Drop(WorkspaceKind kind, WorkspacePaths paths, Func<WorkspaceKind, VolumeRole, bool> drops)
    {
        foreach (var role in Enum.GetValues<VolumeRole>().Where(role => drops(kind, role)))
        {
            File.Delete(paths.Volume(role));
            if (role is VolumeRole.Os)
            {
                File.Delete(paths.OsBaseId);
            }

            // Firmware variables and the TPM are part of who the machine is.
            if (role is VolumeRole.Identity)
            {
                File.Delete(paths.FirmwareVariables);
                File.Delete(paths.SecureFirmwareVariables);
                File.Delete(paths.HostKey);
                File.Delete(paths.ConfigDrive);
                if (Directory.Exists(paths.TpmDirectory))
                {
                    Directory.Delete(paths.TpmDirectory, recursive: true);
                }
            }
        }
    }

    private static async Task PrepareOsAsync(WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities, CancellationToken cancellation)
    {
        if (spec.OsBase is RawBase raw && !File.Exists(raw.Path))
        {
            throw new MachineException(MachineError.Volume, $"The image file '{raw.Path}' of workspace {spec.Id} does not exist. Prepare the generation again.");
        }

        if (File.Exists(paths.OsVolume))
        {
            RequireSameBase(spec, paths);
            return;
        }

        // The name of the base is on disk before the overlay is: an overlay of unknown base can never be left behind.
        if (spec.OsBaseId is { } id)
        {
            AtomicFile.Write(paths.OsBaseId, Encoding.UTF8.GetBytes(id));
        }
        else
        {
            File.Delete(paths.OsBaseId);
        }

        await CreateIfMissingAsync(paths.OsVolume, spec.OsBytes, capabilities, cancellation);
    }

    private static void RequireSameBase(WorkspaceSpec spec, WorkspacePaths paths)
    {
        if (spec.OsBaseId is { } wanted && File.Exists(paths.OsBaseId) && File.ReadAllText(paths.OsBaseId) is var made && made != wanted)
        {
            throw new MachineException(MachineError.WrongBase,
                $"The os volume of workspace {spec.Id} was made over {made} and cannot be used over {wanted}. Start it over the generation it was made from.");
        }
    }

    private static async Task CreateIfMissingAsync(string path, long bytes, QemuCapabilities capabilities, CancellationToken cancellation)
    {
        if (File.Exists(path))
        {
            return;
        }

        if (bytes <= 0)
        {
            throw new MachineException(MachineError.Volume, $"The volume '{path}' would have {bytes} bytes. Give its size in the workspace spec.");
        }

        // No backing file in the header: the backing is a node that only our command line names.
        var next = path + ".new";
        string[] arguments = ["create", "-q", "-f", "qcow2", next, bytes.ToString(CultureInfo.InvariantCulture)];
        var (exitCode, _, error) = await Executables.RunAsync(capabilities.QemuImg, arguments, cancellation);
        if (exitCode != 0)
        {
            File.Delete(next);
            throw new MachineException(MachineError.Volume, $"The volume '{path}' could not be made: {Executables.LastLine(error)}");
        }

        AtomicFile.Publish(next, path);
    }
}
