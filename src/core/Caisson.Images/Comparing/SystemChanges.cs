using Caisson.FileSystems;
using Caisson.Protocol.Api;

namespace Caisson.Images;

/// <summary>Packages, services, accounts and kernels of two systems, each by itself: one that cannot be read does not hide the others.</summary>
internal sealed class SystemChanges
{
    private const int MostKernels = 100;

    private readonly List<string> _notLookedInto = [];

    public SystemChanges(LookedInto? from, LookedInto? to)
    {
        if (from is null || to is null)
        {
            _notLookedInto.Add("Packages, services and accounts: no Linux system on a file system that is read was found.");
            return;
        }

        Packages = Read("Packages", () => ComparePackages(from, to));
        Services = Read("Services", () => Images.Services.Read(from) is { } before && Images.Services.Read(to) is { } after ? Images.Services.Compare(before, after) : null);
        Accounts = Read("Accounts", () => Images.Accounts.Read(from) is { } before && Images.Accounts.Read(to) is { } after ? Images.Accounts.Compare(before, after) : null);
        Kernel = Read("Kernels", () => CompareKernels(Kernels(from), Kernels(to)));
    }

    public PackageChanges? Packages { get; }

    public ServiceChanges? Services { get; }

    public AccountChanges? Accounts { get; }

    public KernelChange? Kernel { get; }

    public IReadOnlyList<string> NotLookedInto => _notLookedInto;

    private PackageChanges? ComparePackages(LookedInto from, LookedInto to)
    {
        if (Images.Packages.Read(from) is { } before && Images.Packages.Read(to) is { } after)
        {
            return Images.Packages.Compare(before, after);
        }

        _notLookedInto.Add(Images.Packages.NotRead(to) ?? "Packages: there is no package database that is read.");
        return null;
    }

    private static KernelChange? CompareKernels(List<string> from, List<string> to) => from.SequenceEqual(to, StringComparer.Ordinal) ? null : new KernelChange(from, to);

    private static List<string> Kernels(LookedInto root) =>
        [.. root.List("usr/lib/modules").Concat(root.List("lib/modules")).Where(entry => entry.File.Kind == FileKind.Directory).Select(entry => FileNames.Readable(entry.Name)).Distinct(StringComparer.Ordinal).Take(MostKernels)];

    private T? Read<T>(string what, Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (FileSystemException e)
        {
            _notLookedInto.Add($"{what} could not be read: {e.Message}");
            return null;
        }
    }
}
