using System.Globalization;
using System.Text;

namespace Caisson.Hardware;

/// <summary>
/// A folder of small kernel files. Whatever is missing, forbidden, garbled or longer than any such file should be reads as null or as nothing:
/// a probe that dies of a strange PC tells nothing about it.
/// </summary>
internal sealed class SysfsFolder(string root)
{
    /// <summary>More than any file of sysfs (a page) and than what is looked for at the beginning of those of /proc.</summary>
    private const int MostBytes = 64 * 1024;

    private const int MostEntries = 4096;

    public bool Has(string path) => Path.Exists(At(path));

    public byte[]? Bytes(string path)
    {
        try
        {
            using var file = new FileStream(At(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            var buffer = new byte[MostBytes];
            return buffer[..file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return null;
        }
    }

    public string? Text(string path) => Bytes(path) is { } bytes ? Encoding.Latin1.GetString(bytes).Trim() : null;

    public IReadOnlyList<string>? Words(string path) => Text(path)?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    public int? Number(string path) => int.TryParse(Text(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public long? LongNumber(string path) => long.TryParse(Text(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>As the kernel writes ids and classes: 0x030000.</summary>
    public int? Hex(string path, int largest) =>
        Text(path) is { } text && text.StartsWith("0x", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && number >= 0 && number <= largest
            ? number
            : null;

    public bool? Flag(string path) => Text(path) switch
    {
        "0" => false,
        "1" => true,
        _ => null,
    };

    /// <summary>The last part of where a link leads: the driver's, the group's or the device's own name.</summary>
    public string? LinkedName(string path)
    {
        try
        {
            return new FileInfo(At(path)).LinkTarget is { } target ? Path.GetFileName(target.TrimEnd('/')) : null;
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return null;
        }
    }

    /// <summary>The names in a folder, in order; null when it cannot be listed.</summary>
    public IReadOnlyList<string>? Names(string path)
    {
        try
        {
            return [.. new DirectoryInfo(At(path)).EnumerateFileSystemInfos().Take(MostEntries).Select(entry => entry.Name).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return null;
        }
    }

    private string At(string path) => Path.Join(root, path);

    private static bool IsRefusal(Exception e) => e is IOException or UnauthorizedAccessException or NotSupportedException or System.Security.SecurityException;
}
