using Caisson.FileSystems;
using Caisson.Protocol.Api;

namespace Caisson.Images;

/// <summary>The packages of a system: Debian's list of them. Others are recognised, so that nobody takes silence for "no change".</summary>
internal static class Packages
{
    private const int MostPackages = 20_000;
    private const int MostCharacters = 128;

    private static readonly string[] s_fields = ["Package", "Version", "Architecture", "Status", "Auto-Installed"];

    private static readonly (string Path, string Name)[] s_others =
    [
        ("usr/lib/sysimage/rpm", "RPM"),
        ("var/lib/rpm", "RPM"),
        ("var/lib/pacman/local", "pacman"),
        ("lib/apk/db", "apk"),
    ];

    public sealed record Installed(string Version, bool IsAutomatic);

    /// <summary>Installed packages by name. Null: there is no Debian list.</summary>
    public static Dictionary<string, Installed>? Read(LookedInto root) => root.ReadText("var/lib/dpkg/status") is { } status
        ? Parse(status, root.ReadText("var/lib/apt/extended_states") ?? "")
        : null;

    /// <summary>A sentence about the package database that is there but not read; null if there is none.</summary>
    public static string? NotRead(LookedInto root) => s_others.FirstOrDefault(other => root.List(other.Path).Count > 0) is ({ }, { } name)
        ? $"Packages: the {name} database is not read."
        : null;

    public static PackageChanges Compare(IReadOnlyDictionary<string, Installed> from, IReadOnlyDictionary<string, Installed> to)
    {
        // What somebody asked for stands before what came with it.
        var changes = from.Keys.Union(to.Keys).Select(Change).Where(change => change.From != change.To).OrderBy(change => change.IsAutomatic).ThenBy(change => change.Name, StringComparer.Ordinal).ToList();
        return new PackageChanges(
            changes.FindAll(change => change is { From: { } before, To: { } after } && DebianVersion.Compare(before, after) < 0),
            changes.FindAll(change => change is { From: { } before, To: { } after } && DebianVersion.Compare(before, after) >= 0),
            changes.FindAll(change => change.From is null),
            changes.FindAll(change => change.To is null));

        PackageChange Change(string name)
        {
            var (before, after) = (from.GetValueOrDefault(name), to.GetValueOrDefault(name));
            return new PackageChange(name, before?.Version, after?.Version, (after ?? before)!.IsAutomatic);
        }
    }

    /// <param name="status">dpkg's list: paragraphs of "Field: value".</param>
    /// <param name="states">apt's list of what it installed for the sake of others.</param>
    internal static Dictionary<string, Installed> Parse(string status, string states)
    {
        var automatic = Paragraphs(states).Where(package => package.GetValueOrDefault("Auto-Installed") == "1").Select(package => package.GetValueOrDefault("Package", "")).ToHashSet(StringComparer.Ordinal);
        var found = new Dictionary<string, Installed>(StringComparer.Ordinal);
        foreach (var package in Paragraphs(status).Where(package => package.GetValueOrDefault("Status", "").EndsWith(" installed", StringComparison.Ordinal)))
        {
            if (package.TryGetValue("Package", out var name) && package.TryGetValue("Version", out var version))
            {
                // A package may be installed for several architectures.
                found.TryAdd(found.ContainsKey(name) ? $"{name}:{package.GetValueOrDefault("Architecture")}" : name, new Installed(version, automatic.Contains(name)));
            }
        }

        return found;
    }

    /// <summary>The fields wanted here of each paragraph.</summary>
    private static IEnumerable<Dictionary<string, string>> Paragraphs(string text)
    {
        var (fields, paragraphs) = (new Dictionary<string, string>(StringComparer.Ordinal), 0);
        foreach (var line in text.Split('\n').Append(""))
        {
            if (line.Length == 0 && fields.Count > 0)
            {
                if (++paragraphs > MostPackages)
                {
                    throw new FileSystemException(FileSystemFault.TooLarge, $"There are more than {MostPackages}.");
                }

                yield return fields;
                fields = new(StringComparer.Ordinal);
            }
            else if (Array.Find(s_fields, name => line.StartsWith(name, StringComparison.Ordinal) && line.AsSpan(name.Length).StartsWith(": ")) is { } field)
            {
                var value = line.AsSpan(field.Length + 2);
                fields[field] = FileNames.Readable($"{value[..Math.Min(value.Length, MostCharacters)]}");
            }
        }
    }
}
