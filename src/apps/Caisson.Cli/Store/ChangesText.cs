using System.Globalization;
using System.Text;
using Caisson.Cli.Server;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Store;

/// <summary>The difference of two generations as a page of text: the sentence that says it all, then what it is made of.</summary>
internal static class ChangesText
{
    private const int MostNames = 40;
    private const int MostFiles = 10;

    public static string Of(ImageChanges changes)
    {
        var text = new StringBuilder(changes.Summary).Append('\n');
        Section(text, "Packages", Packages(changes.Packages), MostNames);
        Section(text, "Services", Services(changes.Services), MostNames);
        Section(text, "Accounts", Accounts(changes.Accounts), MostNames);
        Section(text, "Kernel", changes.Kernel is { } kernel ? [$"{Names(kernel.From)} → {Names(kernel.To)}"] : [], MostNames);
        Section(text, "Boot partition", changes.Boot.Select(File), MostFiles);
        Section(text, "Files", changes.Files is { } files ? files.Areas.Select(Area) : [], MostNames);
        Section(text, "Largest files", changes.Files?.Largest.Select(File) ?? [], MostFiles);
        Section(text, "Disk", [Disk(changes.Disk)], MostNames);
        Section(text, "Not looked into", changes.NotLookedInto, MostNames);
        return text.ToString().TrimEnd('\n');
    }

    private static IEnumerable<string> Packages(PackageChanges? packages) => packages is null ? [] :
    [
        .. packages.Upgraded.Select(package => $"upgraded    {package.Name} {package.From} → {package.To}"),
        .. packages.Downgraded.Select(package => $"downgraded  {package.Name} {package.From} → {package.To}"),
        .. packages.Added.Select(package => $"added       {package.Name} {package.To}"),
        .. packages.Removed.Select(package => $"removed     {package.Name} {package.From}"),
    ];

    private static IEnumerable<string> Services(ServiceChanges? services) => services is null ? [] :
    [
        .. services.Enabled.Select(name => $"enabled   {name}"),
        .. services.Disabled.Select(name => $"disabled  {name}"),
        .. services.Masked.Select(name => $"masked    {name}"),
        .. services.Unmasked.Select(name => $"unmasked  {name}"),
    ];

    private static IEnumerable<string> Accounts(AccountChanges? accounts) => accounts is null ? [] :
    [
        .. accounts.Added.Select(name => $"added    {name}"),
        .. accounts.Removed.Select(name => $"removed  {name}"),
        .. accounts.GroupsAdded.Select(name => $"added    group {name}"),
        .. accounts.GroupsRemoved.Select(name => $"removed  group {name}"),
        .. accounts.Changed.Select(sentence => $"changed  {sentence}"),
    ];

    private static string Area(AreaChange area)
    {
        var counts = ((int, string)[])[(area.Changed, "changed"), (area.Added, "added"), (area.Removed, "removed")];
        var said = string.Join(", ", counts.Where(count => count.Item1 > 0).Select(count => $"{count.Item1.ToString("N0", CultureInfo.InvariantCulture)} {count.Item2}"));
        return area.Bytes > 0 ? $"{area.Path}: {said}, {Output.Size(area.Bytes)}" : $"{area.Path}: {said}";
    }

    private static string File(FileChange file) => file.Change switch
    {
        FileChangeKind.Added => $"added    {file.Path}, {Output.Size(file.ToBytes)}",
        FileChangeKind.Removed => $"removed  {file.Path}, {Output.Size(file.FromBytes)}",
        _ => $"changed  {file.Path}, {(Output.Size(file.FromBytes) == Output.Size(file.ToBytes) ? "" : $"{Output.Size(file.FromBytes)} → ")}{Output.Size(file.ToBytes)}",
    };

    private static string Disk(DiskSizes disk)
    {
        var size = disk.FromBytes == disk.ToBytes ? $"{Output.Size(disk.ToBytes)} as before" : $"{Output.Size(disk.FromBytes)} → {Output.Size(disk.ToBytes)}";
        return $"{size}, in {Output.Size(disk.FromStoredBytes)} → {Output.Size(disk.ToStoredBytes)} stored; {Output.Size(disk.DifferentBytes)} of it differ";
    }

    private static string Names(IReadOnlyList<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);

    private static void Section(StringBuilder text, string title, IEnumerable<string> lines, int most)
    {
        var all = lines.ToList();
        if (all.Count == 0)
        {
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $"\n{title}\n");
        all.Take(most).ToList().ForEach(line => text.Append(CultureInfo.InvariantCulture, $"  {line}\n"));
        if (all.Count > most)
        {
            text.Append(CultureInfo.InvariantCulture, $"  and {all.Count - most} more; --json lists them\n");
        }
    }
}
