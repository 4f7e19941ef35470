using System.Text.Json;

namespace Caisson.Demo.Check;

/// <summary>
/// The server's own account of what left it, the only source of every wire figure. One JSON object a line, as the server writes it:
/// <c>{"time":…,"listener":"endpoint","endpoint":"pc-1","method":"GET","path":"/v2/work/blobs/sha256:…","status":206,"bytes":262144}</c>
/// </summary>
internal sealed class AccessLog(string file)
{
    /// <summary>Response body bytes of one repository that left for endpoints between two instants: manifests, referrers and blobs.</summary>
    public long RepositoryBytes(string repository, DateTimeOffset from, DateTimeOffset to) =>
        Read().Where(e => e.Path.StartsWith($"/v2/{repository}/", StringComparison.Ordinal) && e.Time >= from && e.Time <= to).Sum(e => e.Bytes);

    private IEnumerable<Entry> Read()
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            Entry? entry = null;
            try
            {
                entry = JsonSerializer.Deserialize<Entry>(line, JsonSerializerOptions.Web);
            }
            catch (JsonException)
            {
                // The last line may be half written while the server runs.
            }

            if (entry is { Listener: "endpoint" })
            {
                yield return entry;
            }
        }
    }

    private sealed record Entry(DateTimeOffset Time, string Listener, string? Endpoint, string Method, string Path, int Status, long Bytes);
}
