using Caisson.FileSystems;
using Caisson.Protocol.Api;

namespace Caisson.Images;

/// <summary>
/// What systemd starts by itself, as far as the administrator's folder says: "systemctl enable" makes links in folders named
/// TARGET.wants or TARGET.requires, "systemctl mask" a link to /dev/null (systemctl(1)).
/// </summary>
internal static class Services
{
    private const int MostUnits = 20_000;

    private static readonly string[] s_folders = ["etc/systemd/system", "etc/systemd/user"];

    /// <summary>Null: there is no systemd.</summary>
    public static (HashSet<string> Enabled, HashSet<string> Masked)? Read(LookedInto root)
    {
        var (enabled, masked, isThere) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal), false);
        foreach (var folder in s_folders)
        {
            foreach (var (name, file) in root.List(folder))
            {
                isThere = true;
                if (file.Kind == FileKind.Directory && (name.EndsWith(".wants", StringComparison.Ordinal) || name.EndsWith(".requires", StringComparison.Ordinal)))
                {
                    enabled.UnionWith(root.System.List(file).Where(unit => unit.File.Kind != FileKind.Directory).Select(unit => FileNames.Readable(unit.Name)));
                }
                else if (file.Kind == FileKind.SymbolicLink && root.System.ReadLink(file) == "/dev/null")
                {
                    masked.Add(FileNames.Readable(name));
                }

                if (enabled.Count + masked.Count > MostUnits)
                {
                    throw new FileSystemException(FileSystemFault.TooLarge, $"There are more than {MostUnits}.");
                }
            }
        }

        return isThere ? (enabled, masked) : null;
    }

    public static ServiceChanges Compare((HashSet<string> Enabled, HashSet<string> Masked) from, (HashSet<string> Enabled, HashSet<string> Masked) to) =>
        new(Beyond(to.Enabled, from.Enabled), Beyond(from.Enabled, to.Enabled), Beyond(to.Masked, from.Masked), Beyond(from.Masked, to.Masked));

    private static List<string> Beyond(HashSet<string> these, HashSet<string> those) => [.. these.Where(name => !those.Contains(name)).Order(StringComparer.Ordinal)];
}
