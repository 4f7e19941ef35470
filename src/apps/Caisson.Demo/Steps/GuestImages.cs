using System.Text.Json;
using Caisson.Demo.Hosts;

namespace Caisson.Demo.Steps;

/// <summary>The guest images this demonstration publishes, built once per recipe and kept in a cache outside the checkout.</summary>
internal sealed record GuestImages
{
    public required string TinyKernel { get; init; }

    public required string TinyInitrd { get; init; }

    public required string Personal { get; init; }

    public required string WorkOne { get; init; }

    public required string WorkTwo { get; init; }

    public static async Task<GuestImages> BuildAsync(string checkout, Progress progress, CancellationToken cancel)
    {
        var tiny = await BuildOneAsync(checkout, "tiny", "Preparing a tiny test kernel", progress, cancel);
        var personal = await BuildOneAsync(checkout, "personal", "Building the Personal guest from Debian packages", progress, cancel);
        var work = await BuildOneAsync(checkout, "work", "Building the Work master image from Debian packages", progress, cancel);
        return new GuestImages
        {
            TinyKernel = Path.Combine(tiny, "vmlinuz"),
            TinyInitrd = Path.Combine(tiny, "initrd"),
            Personal = Path.Combine(personal, "personal.raw"),
            WorkOne = Path.Combine(work, "work-1.raw"),
            WorkTwo = Path.Combine(work, "work-2.raw"),
        };
    }

    /// <summary>The recipe's own word on which package generation 2 upgrades.</summary>
    public UpgradedPackage Upgrade() =>
        JsonSerializer.Deserialize<UpgradedPackage>(File.ReadAllText(Path.Combine(Path.GetDirectoryName(WorkOne)!, "work.json")), JsonSerializerOptions.Web)
            ?? throw new InvalidDataException("work.json beside the Work images is empty; delete that folder and run again.");

    private static async Task<string> BuildOneAsync(string checkout, string name, string title, Progress progress, CancellationToken cancel)
    {
        var script = Path.Combine(checkout, "guests", "build");
        var path = (await ChildProcess.RunAsync(Host.Here, [script, name, "--print-path"], cancel)).Trim();
        if (Directory.Exists(path))
        {
            return path;
        }

        return await progress.StepAsync(title, async report =>
        {
            void Line(string line)
            {
                if (line.StartsWith("== ", StringComparison.Ordinal))
                {
                    report(-1, line[3..]);
                }
            }

            return (await ChildProcess.RunAsync(Host.Here, [script, name], cancel, errorLine: Line)).Trim();
        });
    }
}

/// <summary>One package and its versions in generation 1 and 2.</summary>
internal sealed record UpgradedPackage(string Package, string VersionBefore, string VersionAfter);
