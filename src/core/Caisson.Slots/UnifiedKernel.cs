using System.Globalization;

namespace Caisson.Slots;

/// <summary>Kernel, initrd and command line of one version in one signed file: the file that says which root it may use.</summary>
public sealed record UnifiedKernel
{
    private UnifiedKernel()
    {
    }

    public required byte[] Bytes { get; init; }

    public required PortableExecutable Program { get; init; }

    /// <summary>As its own <c>os-release</c> says.</summary>
    public required int Version { get; init; }

    public required RootHash Root { get; init; }

    /// <exception cref="ReleaseException">Not a kernel of the appliance that can be installed.</exception>
    public static UnifiedKernel Parse(byte[] bytes)
    {
        var program = new PortableExecutable(bytes);
        var release = Settings(program.Text(".osrel"));
        var commandLine = program.Text(".cmdline");
        if (release.GetValueOrDefault("ID") != "caisson" || !int.TryParse(release.GetValueOrDefault("VERSION_ID"), NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version < 1)
        {
            throw new ReleaseException("The kernel does not say which version of the appliance it is.");
        }

        if (commandLine.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Contains("caisson.live"))
        {
            throw new ReleaseException("This kernel only tries the system; it is not for a disk.");
        }

        var root = RootHash.OfCommandLine(commandLine) ?? throw new ReleaseException("The kernel's command line names no root, or more than one.");
        return new UnifiedKernel { Bytes = bytes, Program = program, Version = version, Root = root };
    }

    /// <summary>NAME=value, one a line; quotes around a value are dropped (os-release(5), as far as it is used here).</summary>
    private static Dictionary<string, string> Settings(string text)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var at)
            {
                settings[line[..at]] = line[(at + 1)..].Trim('"');
            }
        }

        return settings;
    }
}
