using Caisson.FileSystems;
using Caisson.Protocol.Api;

namespace Caisson.Images;

/// <summary>Users and groups, from the two files everybody may read (passwd(5), group(5)). The file with passwords is never opened.</summary>
internal static class Accounts
{
    private const int MostBytes = 4 << 20;
    private const int MostLines = 20_000;
    private const int MostCharacters = 128;

    public sealed record User(string Name, string Id, string Group, string Home, string Shell);

    public sealed record Known(Dictionary<string, User> Users, Dictionary<string, (string Id, HashSet<string> Members)> Groups);

    /// <summary>Null: there is no /etc/passwd.</summary>
    public static Known? Read(LookedInto root) => root.ReadText("etc/passwd", MostBytes) is { } passwd ? Parse(passwd, root.ReadText("etc/group", MostBytes) ?? "") : null;

    internal static Known Parse(string passwd, string group)
    {
        var known = new Known(new(StringComparer.Ordinal), new(StringComparer.Ordinal));
        foreach (var fields in Lines(passwd, 7))
        {
            known.Users.TryAdd(fields[0], new User(fields[0], fields[2], fields[3], fields[5], fields[6]));
        }

        foreach (var fields in Lines(group, 4))
        {
            known.Groups.TryAdd(fields[0], (fields[2], fields[3].Split(',', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal)));
        }

        return known;
    }

    public static AccountChanges Compare(Known from, Known to) => new(
        Beyond(to.Users.Keys, from.Users.ContainsKey),
        Beyond(from.Users.Keys, to.Users.ContainsKey),
        Beyond(to.Groups.Keys, from.Groups.ContainsKey),
        Beyond(from.Groups.Keys, to.Groups.ContainsKey),
        [.. Users(from, to).Concat(Groups(from, to))]);

    private static IEnumerable<string> Users(Known from, Known to)
    {
        foreach (var (name, after) in to.Users.OrderBy(user => user.Key, StringComparer.Ordinal))
        {
            if (!from.Users.TryGetValue(name, out var before))
            {
                continue;
            }

            foreach (var (what, old, now) in ((string, string, string)[])[("number", before.Id, after.Id), ("first group", before.Group, after.Group), ("home", before.Home, after.Home), ("shell", before.Shell, after.Shell)])
            {
                if (old != now)
                {
                    yield return $"{name}: {what} {old} → {now}";
                }
            }
        }
    }

    private static IEnumerable<string> Groups(Known from, Known to)
    {
        foreach (var (name, after) in to.Groups.OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var isKnown = from.Groups.TryGetValue(name, out var before);
            if (isKnown && before.Id != after.Id)
            {
                yield return $"group {name}: number {before.Id} → {after.Id}";
            }

            foreach (var member in Beyond(after.Members, who => isKnown && before.Members.Contains(who)))
            {
                yield return $"{member} joined the group {name}";
            }

            foreach (var member in isKnown ? Beyond(before.Members, after.Members.Contains) : [])
            {
                yield return $"{member} left the group {name}";
            }
        }
    }

    private static List<string> Beyond(IEnumerable<string> these, Func<string, bool> isKnown) => [.. these.Where(name => !isKnown(name)).Order(StringComparer.Ordinal)];

    private static IEnumerable<string[]> Lines(string text, int fields) => text.Split('\n').Take(MostLines)
        .Select(line => line.Split(':'))
        .Where(line => line.Length == fields && line[0].Length > 0)
        .Select(line => Array.ConvertAll(line, field => FileNames.Readable(field.Length > MostCharacters && field != line[^1] ? field[..MostCharacters] : field)));
}
