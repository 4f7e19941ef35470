using System.Globalization;
using System.Text.Json.Nodes;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>
/// The block graph. Every format is named and every backing is a node given here: QEMU is never left to probe a format or to follow a
/// name in a header. An error stops the machine instead of reaching the guest; the driver continues it when the source is back.
/// </summary>
internal static class Disks
{
    public const string OsNode = "os";
    public const string OsBaseNode = "os-base";

    /// <summary>The base moves between these two names: the new node is beside the old one until the old one has no parent.</summary>
    private const string OtherBaseNode = "os-base-2";

    public static void Add(OptionList options, WorkspaceSpec spec, WorkspacePaths paths)
    {
        if (spec.OsBase is { } osBase)
        {
            AddBase(options, osBase);
            AddVolume(options, VolumeRole.Os, paths, bootIndex: 1, backing: OsBaseNode);
        }

        AddVolume(options, VolumeRole.Identity, paths);
        if (spec.UserVolumeBytes > 0)
        {
            AddVolume(options, VolumeRole.User, paths);
        }
    }

    /// <summary>Node name and the guest's /dev/disk/by-id/virtio-caisson-NAME.</summary>
    public static string Name(VolumeRole role) => role switch
    {
        VolumeRole.Os => OsNode,
        VolumeRole.Identity => "identity",
        VolumeRole.User => "user",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, null),
    };

    /// <summary>Where the base goes when it now is <paramref name="node"/>.</summary>
    public static string NextBaseNode(string node) => node == OsBaseNode ? OtherBaseNode : OsBaseNode;

    /// <summary>The node below a base from the command line; one added later owns what is below it.</summary>
    public static string FileBelow(string node) => node + "-file";

    /// <summary>A base as a node to be put under a running os volume; the same options as on the command line.</summary>
    public static JsonObject BaseNode(OsBase osBase, string node) => osBase switch
    {
        RawBase raw => new JsonObject
        {
            ["driver"] = "raw",
            ["node-name"] = node,
            ["read-only"] = true,
            ["file"] = new JsonObject { ["driver"] = "file", ["filename"] = raw.Path, ["read-only"] = true },
        },
        NbdBase nbd => new JsonObject
        {
            ["driver"] = "nbd",
            ["node-name"] = node,
            ["server"] = new JsonObject { ["type"] = "unix", ["path"] = nbd.SocketPath },
            ["export"] = nbd.ExportName,
            ["reconnect-delay"] = nbd.ReconnectDelaySeconds,
            ["read-only"] = true,
        },
        _ => throw new ArgumentOutOfRangeException(nameof(osBase), osBase, null),
    };

    /// <summary>All options of the os node again, as a reopen needs them, over another base.</summary>
    public static JsonObject OsOver(string baseNode) => new()
    {
        ["driver"] = "qcow2",
        ["node-name"] = OsNode,
        ["file"] = OsNode + "-file",
        ["backing"] = baseNode,
        ["discard"] = "unmap",
    };

    private static void AddBase(OptionList options, OsBase osBase)
    {
        switch (osBase)
        {
            case NbdBase nbd:
                options.Add("-blockdev", "", ("driver", "nbd"), ("node-name", OsBaseNode), ("server.type", "unix"), ("server.path", nbd.SocketPath),
                    ("export", nbd.ExportName), ("reconnect-delay", nbd.ReconnectDelaySeconds.ToString(CultureInfo.InvariantCulture)), ("read-only", "on"));
                break;
            case RawBase raw:
                options.Add("-blockdev", "", ("driver", "file"), ("node-name", FileBelow(OsBaseNode)), ("filename", raw.Path), ("read-only", "on"));
                options.Add("-blockdev", "", ("driver", "raw"), ("node-name", OsBaseNode), ("file", FileBelow(OsBaseNode)), ("read-only", "on"));
                break;
        }
    }

    private static void AddVolume(OptionList options, VolumeRole role, WorkspacePaths paths, int? bootIndex = null, string? backing = null)
    {
        var name = Name(role);
        options.Add("-blockdev", "", ("driver", "file"), ("node-name", name + "-file"), ("filename", paths.Volume(role)), ("discard", "unmap"));

        // The backing is spelt out even when there is none: without it QEMU would open whatever a header names. None can only be said in JSON.
        if (backing is null)
        {
            options.AddVerbatim("-blockdev", new JsonObject
            {
                ["driver"] = "qcow2",
                ["node-name"] = name,
                ["file"] = name + "-file",
                ["discard"] = "unmap",
                ["backing"] = null,
            }.ToJsonString());
        }
        else
        {
            options.Add("-blockdev", "", ("driver", "qcow2"), ("node-name", name), ("file", name + "-file"), ("discard", "unmap"), ("backing", backing));
        }

        var device = new List<(string, string)>
        {
            ("id", "disk-" + name), ("drive", name), ("serial", "caisson-" + name), ("rerror", "stop"), ("werror", "stop"),
        };
        if (bootIndex is { } index)
        {
            device.Add(("bootindex", index.ToString(CultureInfo.InvariantCulture)));
        }

        options.Add("-device", "virtio-blk-pci", [.. device]);
    }
}
