using System.Security.Cryptography;
using System.Text;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>The small read-only disk a clone learns from who it is. Made anew at each start, except at one that resumes.</summary>
internal static class ConfigDrive
{
    /// <summary>What cloud-init's NoCloud source looks for.</summary>
    private const string Label = "cidata";

    public static void Add(OptionList options, WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities)
    {
        if (spec.HostName is not null)
        {
            AddRawDisk(options, "config", paths.ConfigDrive);
            if (spec.Os == GuestOs.Windows)
            {
                // Its setup looks for answers on removable drives, and has no virtio driver yet.
                options.Add("-device", "usb-storage", ("bus", "usb.0"), ("drive", "config"), ("serial", "caisson-config"), ("removable", "on"));
            }
            else
            {
                options.Add("-device", "virtio-blk-pci", ("id", "disk-config"), ("drive", "config"), ("serial", "caisson-config"));
            }
        }

        if (spec.Os == GuestOs.Windows && capabilities.VirtioDrivers is { } drivers)
        {
            AddRawDisk(options, "drivers", drivers);
            options.Add("-device", "ide-cd", ("bus", "ide.0"), ("drive", "drivers"));
        }
    }

    public static void Prepare(WorkspaceSpec spec, WorkspacePaths paths)
    {
        if (spec.HostName is null)
        {
            File.Delete(paths.ConfigDrive);
            return;
        }

        using var key = HostKey(paths);
        AtomicFile.Write(paths.ConfigDrive, FatImage.Make(Label, CloneIdentity.Files(spec, key)));
        File.SetUnixFileMode(paths.ConfigDrive, OwnerOnly);
    }

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static ECDsa HostKey(WorkspacePaths paths)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (File.Exists(paths.HostKey))
        {
            key.ImportFromPem(File.ReadAllText(paths.HostKey));
        }
        else
        {
            AtomicFile.Write(paths.HostKey, Encoding.ASCII.GetBytes(key.ExportECPrivateKeyPem() + "\n"));
            File.SetUnixFileMode(paths.HostKey, OwnerOnly); // Its folder is closed to others in any case.
        }

        return key;
    }

    private static void AddRawDisk(OptionList options, string name, string path)
    {
        options.Add("-blockdev", "", ("driver", "file"), ("node-name", name + "-file"), ("filename", path), ("read-only", "on"));
        options.Add("-blockdev", "", ("driver", "raw"), ("node-name", name), ("file", name + "-file"), ("read-only", "on"));
    }
}
