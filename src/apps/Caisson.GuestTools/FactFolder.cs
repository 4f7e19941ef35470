using System.Text;

namespace Caisson.GuestTools;

/// <summary>
/// What the guest says about itself. Each file in the facts folder is one fact: its name the name, its first line the value;
/// so a shell script needs nothing but <c>echo</c>. Bounds are those of the protocol.
/// </summary>
internal sealed class FactFolder(string folder, IReadOnlyList<KeyValuePair<string, string>> always)
{
    public const int MaximumFacts = 32;
    public const int MaximumNameLength = 40;
    public const int MaximumValueLength = 256;

    // A value of 256 characters is never longer than this in UTF-8.
    private const int MaximumValueBytes = MaximumValueLength * 4;

    /// <summary>The facts of now, by name. A file replaces a fact of the same name that always holds; an empty one says nothing.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Read()
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in always)
        {
            Add(facts, name, value);
        }

        foreach (var file in Files())
        {
            Add(facts, Path.GetFileName(file), FirstLine(file));
        }

        return [.. facts.Take(MaximumFacts)];
    }

    private string[] Files()
    {
        try
        {
            return Directory.GetFiles(folder);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static void Add(SortedDictionary<string, string> facts, string name, string value)
    {
        if (IsName(name) && value.Length > 0)
        {
            facts[name] = value.Length <= MaximumValueLength ? value : value[..MaximumValueLength];
        }
    }

    internal static bool IsName(string name) =>
        name.Length is > 0 and <= MaximumNameLength
        && name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '_' or '-');

    /// <summary>The first line of a small file without its control characters; empty when it cannot be read.</summary>
    public static string FirstLine(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            Span<byte> bytes = stackalloc byte[MaximumValueBytes];
            var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var text = Encoding.UTF8.GetString(bytes[..read]);
            var line = text.AsSpan(0, text.IndexOf('\n', StringComparison.Ordinal) is var end and >= 0 ? end : text.Length);
            return string.Concat(line.ToArray().Where(c => !char.IsControl(c))).Trim();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
