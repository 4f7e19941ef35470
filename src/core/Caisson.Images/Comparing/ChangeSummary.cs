using System.Globalization;
using Caisson.Protocol.Api;

namespace Caisson.Images;

/// <summary>The one sentence that says it all.</summary>
internal static class ChangeSummary
{
    public static string Of(ImageChanges changes)
    {
        List<string> parts = [.. Packages(changes.Packages), .. Services(changes.Services), .. Accounts(changes.Accounts)];
        if (changes.Kernel is { } kernel && kernel.To.Except(kernel.From, StringComparer.Ordinal).ToList() is { Count: > 0 } added)
        {
            parts.Add($"new kernel {string.Join(", ", added)}");
        }

        var files = changes.Files switch
        {
            null => $"{Size(changes.Disk.DifferentBytes)} of the disk differ",
            { Added: 0, Removed: 0, Changed: 0, Permissions: 0 } => changes.Boot.Count > 0 ? "only files of the boot partition changed" : "no file changed",
            { Added: 0, Removed: 0, Changed: 0 } => "only owners or permissions of files changed",
            { Bytes: var bytes } => $"{Size(bytes)} of files changed",
        };
        return parts.Count == 0 ? $"{char.ToUpperInvariant(files[0])}{files[1..]}." : $"{char.ToUpperInvariant(parts[0][0])}{string.Join(", ", parts)[1..]}; {files}.";
    }

    private static IEnumerable<string> Packages(PackageChanges? packages)
    {
        if (packages is null)
        {
            return [];
        }

        var counts = Counts((packages.Upgraded.Count, "upgraded"), (packages.Added.Count, "added"), (packages.Removed.Count, "removed"), (packages.Downgraded.Count, "downgraded"));
        return counts.Count == 0 ? ["no package changed"] : counts.Select((count, i) => i == 0 ? Counted(count.Number, "package", count.Word) : $"{Number(count.Number)} {count.Word}");
    }

    private static IEnumerable<string> Services(ServiceChanges? services)
    {
        if (services is null)
        {
            return [];
        }

        var counts = Counts((services.Enabled.Count, "enabled"), (services.Disabled.Count, "disabled"), (services.Masked.Count, "masked"), (services.Unmasked.Count, "unmasked"));
        return counts.Count == 0 ? ["no service changed"] : counts.Select((count, i) => i == 0 ? Counted(count.Number, "service", count.Word) : $"{Number(count.Number)} {count.Word}");
    }

    private static IEnumerable<string> Accounts(AccountChanges? accounts)
    {
        if (accounts is null)
        {
            return [];
        }

        var counts = Counts((accounts.Added.Count, "added"), (accounts.Removed.Count, "removed"), (accounts.Changed.Count + accounts.GroupsAdded.Count + accounts.GroupsRemoved.Count, "changed"));
        return counts.Count == 0 ? ["no account changed"] : counts.Select((count, i) => i == 0 ? Counted(count.Number, "account", count.Word) : $"{Number(count.Number)} {count.Word}");
    }

    private static List<(int Number, string Word)> Counts(params (int Number, string Word)[] counts) => [.. counts.Where(count => count.Number > 0)];

    private static string Counted(int number, string noun, string word) => $"{Number(number)} {noun}{(number == 1 ? "" : "s")} {word}";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    // Decimal units, as the console and the command line have them; they do not write kilobytes the same way.
    private static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.#} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
        _ => "less than 1 MB",
    };
}
