using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Installing;

/// <summary>What the three tools that look at disks said, to <see cref="Disk"/>s.</summary>
public static class DiskListing
{
    /// <summary>The arguments whose answer <see cref="Blocks"/> reads.</summary>
    public static readonly string[] LsblkArguments = ["--json", "--bytes", "--output", "PATH,TYPE,SIZE,MODEL,SERIAL,TRAN,RO,RM,FSTYPE,LABEL"];

    /// <summary>A partition table by any other name is no content.</summary>
    private static readonly string[] TableSignatures = ["gpt", "PMBR", "dos"];

    /// <param name="lsblk">Its JSON.</param>
    /// <returns>Disks and what is on them, without optical drives, memory and what is made of other disks.</returns>
    public static IReadOnlyList<BlockDevice> Blocks(string lsblk) =>
        [.. (Parse(lsblk, ListingJson.Default.LsblkOutput).Blockdevices ?? []).Where(d => d is { Type: "disk", Size: > 0 } && !d.Path.StartsWith("/dev/zram", StringComparison.Ordinal))];

    /// <param name="sfdisk">Its JSON; null where it found no table.</param>
    /// <param name="wipefs">Its JSON for the disk itself.</param>
    public static Disk Disk(BlockDevice block, string? sfdisk, string wipefs, bool beginsBlank, bool isMedium)
    {
        var table = sfdisk is null ? null : Parse(sfdisk, ListingJson.Default.SfdiskOutput).Partitiontable;
        var sector = table?.Sectorsize ?? 512;
        var signatures = wipefs.Trim() is [] ? [] : Parse(wipefs, ListingJson.Default.WipefsOutput).Signatures ?? [];
        return new Disk
        {
            Path = block.Path,
            Bytes = block.Size,
            Serial = NotBlank(block.Serial),
            Model = NotBlank(block.Model),
            ReadOnly = block.Ro,
            Removable = block.Rm || block.Tran == "usb",
            IsMedium = isMedium,
            Table = table?.Label switch
            {
                null => TableKind.None,
                "gpt" => TableKind.Gpt,
                _ => TableKind.Other,
            },
            Usable = table is { Label: "gpt", Firstlba: { } first, Lastlba: { } last } ? Extent.Between(first * sector, (last + 1) * sector) : null,
            Partitions = [.. (table?.Partitions ?? []).Select(p => Partition(block, p, sector))],
            Signatures = [.. signatures.Select(s => s.Type).Where(t => !TableSignatures.Contains(t)).Distinct(StringComparer.Ordinal)],
            BeginsBlank = beginsBlank || table is not null,
        };
    }

    private static Partition Partition(BlockDevice disk, SfdiskPartition entry, long sector)
    {
        var seen = disk.Children?.FirstOrDefault(c => c.Path == entry.Node);
        return new Partition(
            NumberOf(disk.Path, entry.Node),
            new Extent(entry.Start * sector, entry.Size * sector),
            Guid.TryParse(entry.Type, out var type) ? type : Guid.Empty,
            Guid.TryParse(entry.Uuid, out var id) ? id : Guid.Empty,
            entry.Name,
            seen?.Fstype,
            seen?.Label);
    }

    /// <summary>The digits at the end: /dev/sda3, /dev/nvme0n1p3.</summary>
    private static int NumberOf(string disk, string node) => int.TryParse(node.AsSpan(disk.Length).TrimStart('p'), out var number) ? number : 0;

    private static string? NotBlank(string? text) => string.IsNullOrWhiteSpace(text) ? null : DiskText.Printable(text.Trim());

    private static T Parse<T>(string json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(json, type) ?? throw new JsonException("A tool answered with null.");
}

/// <summary>A device and its partitions as lsblk lists them.</summary>
public sealed record BlockDevice(string Path, string Type, long Size, string? Model, string? Serial, string? Tran, bool Ro, bool Rm, string? Fstype, string? Label, IReadOnlyList<BlockDevice>? Children);

internal sealed record LsblkOutput(IReadOnlyList<BlockDevice>? Blockdevices);

internal sealed record SfdiskOutput(SfdiskTable Partitiontable);

internal sealed record SfdiskTable(string Label, long? Firstlba, long? Lastlba, long? Sectorsize, IReadOnlyList<SfdiskPartition>? Partitions);

internal sealed record SfdiskPartition(string Node, long Start, long Size, string? Type, string? Uuid, string? Name);

internal sealed record WipefsOutput(IReadOnlyList<WipefsSignature>? Signatures);

internal sealed record WipefsSignature(string Type);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LsblkOutput))]
[JsonSerializable(typeof(SfdiskOutput))]
[JsonSerializable(typeof(WipefsOutput))]
internal sealed partial class ListingJson : JsonSerializerContext;
