using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>
/// What one clone is told of itself, as files for its configuration drive: cloud-init's NoCloud source for Linux, an answer file for Windows'
/// specialise pass. Functions of values; the same clone is told the same at every start, so that a guest which forgets everything is who it was.
/// </summary>
internal static class CloneIdentity
{
    /// <param name="spec">With <see cref="WorkspaceSpec.HostName"/>.</param>
    /// <param name="hostKey">The clone's own SSH host key; it lies with the identity volume and outlives generations.</param>
    public static IReadOnlyList<(string Name, byte[] Content)> Files(WorkspaceSpec spec, ECDsa hostKey) => spec.Os == GuestOs.Windows
        ? [("Unattend.xml", Encoding.UTF8.GetBytes(Unattend(spec.HostName!)))]
        : [("meta-data", Text(MetaData(spec))), ("user-data", Text("#cloud-config\n" + UserData(spec, hostKey)))];

    /// <summary>JSON is YAML, and needs no second way to quote.</summary>
    private static string MetaData(WorkspaceSpec spec) => new JsonObject
    {
        ["instance-id"] = $"caisson-{spec.MachineId}",
        ["local-hostname"] = spec.HostName,
    }.ToJsonString();

    /// <summary>The machine-id needs no word here: systemd takes the SMBIOS UUID, which is the clone's, where /etc/machine-id is empty.</summary>
    private static string UserData(WorkspaceSpec spec, ECDsa hostKey) => new JsonObject
    {
        ["hostname"] = spec.HostName,
        ["preserve_hostname"] = false,
        ["ssh_deletekeys"] = true, // Whatever the master image was sealed with belongs to nobody.
        ["ssh_keys"] = new JsonObject
        {
            ["ecdsa_private"] = hostKey.ExportECPrivateKeyPem() + "\n",
            ["ecdsa_public"] = PublicKey(hostKey, spec.HostName!),
        },
    }.ToJsonString();

    /// <summary>RFC 5656, section 3.1.</summary>
    internal static string PublicKey(ECDsa key, string comment)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var blob = new List<byte>();
        foreach (var part in (byte[][])[Encoding.ASCII.GetBytes("ecdsa-sha2-nistp256"), Encoding.ASCII.GetBytes("nistp256"), [4, .. point.X!, .. point.Y!]])
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
            blob.AddRange(length);
            blob.AddRange(part);
        }

        return $"ecdsa-sha2-nistp256 {Convert.ToBase64String([.. blob])} {comment}";
    }

    private static string Unattend(string hostName)
    {
        XNamespace unattend = "urn:schemas-microsoft-com:unattend";
        var component = new XElement(unattend + "component",
            new XAttribute("name", "Microsoft-Windows-Shell-Setup"), new XAttribute("processorArchitecture", "amd64"),
            new XAttribute("publicKeyToken", "31bf3856ad364e35"), new XAttribute("language", "neutral"), new XAttribute("versionScope", "nonSxS"),
            new XElement(unattend + "ComputerName", hostName));
        var root = new XElement(unattend + "unattend", new XElement(unattend + "settings", new XAttribute("pass", "specialize"), component));
        return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + root + "\n";
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + "\n");
}
