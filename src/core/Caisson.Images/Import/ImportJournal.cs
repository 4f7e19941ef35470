using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Images;

/// <summary>
/// The durable record of one import, a line of JSON each: first what is imported, then every so often a state to go on from. A line is written
/// after all it speaks of is synced, so the last whole line is true; one that was torn is no JSON.
/// </summary>
internal sealed class ImportJournal : IDisposable
{
    private readonly FileStream _file;
    private readonly string _folder;

    private ImportJournal(string folder, FileStream file, ImportState at)
    {
        _folder = folder;
        _file = file;
        At = at;
    }

    /// <summary>Where to go on.</summary>
    public ImportState At { get; }

    /// <summary>Takes up what lies in <paramref name="folder"/> if it is of this import; null if it is not.</summary>
    public static ImportJournal? TryResume(string folder, ImportKey key)
    {
        var path = Path.Combine(folder, "journal");
        if (!File.Exists(path))
        {
            return null;
        }

        var lines = File.ReadAllText(path).Split('\n');
        if (Parse(lines[0], ImportJson.Default.ImportKey) is not { } kept || !kept.IsSame(key))
        {
            return null;
        }

        var states = lines.Skip(1).Select(line => Parse(line, ImportJson.Default.ImportState)).TakeWhile(state => state is { Position: >= 0, Ledger.IsWhole: true }).ToList();
        var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read);

        // What was torn goes: a line is only ever appended to whole ones.
        file.SetLength(lines.Take(1 + states.Count).Sum(line => System.Text.Encoding.UTF8.GetByteCount(line) + 1L));
        file.Seek(0, SeekOrigin.End);
        return new ImportJournal(folder, file, states.LastOrDefault() ?? ImportState.Begin);
    }

    /// <summary>Begins in an empty folder. What the folder holds already (a converted image) is part of the import from now on.</summary>
    public static ImportJournal Begin(string folder, ImportKey key)
    {
        var journal = new ImportJournal(folder, new FileStream(Path.Combine(folder, "journal"), FileMode.CreateNew, FileAccess.Write, FileShare.Read), ImportState.Begin);
        journal.Write(key, ImportJson.Default.ImportKey);
        Posix.SyncDirectory(Path.GetDirectoryName(folder)!);
        return journal;
    }

    /// <summary>Makes a state durable. All rows and packs it counts have been flushed.</summary>
    public void Commit(ImportState state, ImportLedger ledger)
    {
        foreach (var rows in (RowFile[])[ledger.Chunks, ledger.Extents, ledger.Known, ledger.Frames, ledger.Packs])
        {
            rows.Sync();
        }

        Write(state, ImportJson.Default.ImportState);
    }

    public void Dispose() => _file.Dispose();

    private void Write<T>(T line, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        Posix.SyncDirectory(_folder);
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, type), (byte)'\n']);
        _file.Flush(flushToDisk: true);
    }

    private static T? Parse<T>(string line, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(line, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What is imported into what: only if nothing of it has changed may an interrupted import be gone on with.</summary>
/// <param name="Version">Of this journal and of how packs are laid.</param>
/// <param name="Identity">Inode, size and times of the file (<see cref="Posix.Identity"/>).</param>
/// <param name="Known">Generations of the store whose chunks the import may refer to.</param>
internal sealed record ImportKey(int Version, string File, string Identity, ImageFormat Format, int Level, bool Trim, IReadOnlyList<string> Known)
{
    public bool IsSame(ImportKey other) => this with { Known = other.Known } == other && Known is not null && Known.SequenceEqual(other.Known, StringComparer.Ordinal);
}

/// <summary>How far an import has come.</summary>
/// <param name="Position">Bytes of the disk that are in rows and finished packs.</param>
internal sealed record ImportState(long Position, LedgerMark Ledger)
{
    public static readonly ImportState Begin = new(0, LedgerMark.Empty);
}

[JsonSerializable(typeof(ImportKey))]
[JsonSerializable(typeof(ImportState))]
internal sealed partial class ImportJson : JsonSerializerContext;
