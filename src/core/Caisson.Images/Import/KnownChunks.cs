using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// The chunks a store holds already, and where: a new generation refers to them instead of storing them again. Rows stay in the index files of the
/// store's generations; a chunk is named by a running number over all of them.
/// </summary>
internal sealed class KnownChunks : IDisposable
{
    private readonly ImageStore _store;
    private readonly List<ImageIndexFile> _files = [];
    private readonly List<uint> _firsts = [];
    private readonly List<bool?[]> _usable = [];
    private readonly StoredFrame _frame;
    private uint _count;

    private KnownChunks(ImageStore store) => (_store, _frame) = (store, new StoredFrame(store));

    /// <summary>Manifests of the generations, in the order of <see cref="File"/>.</summary>
    public IReadOnlyList<string> Generations { get; private set; } = [];

    /// <exception cref="ChunkException">An index is missing or damaged.</exception>
    public static KnownChunks Open(ImageStore store)
    {
        var known = new KnownChunks(store) { Generations = [.. store.List().Select(generation => generation.ManifestDigest)] };
        try
        {
            foreach (var generation in known.Generations)
            {
                known.Add(store.ReadManifest(generation).IndexLayer().Digest);
            }

            return known;
        }
        catch
        {
            known.Dispose();
            throw;
        }
    }

    public ImageIndexFile File(int number) => _files[number];

    /// <summary>Calls for every chunk; one that several generations have comes several times.</summary>
    public void ForEach(Action<ChunkId, uint> visit)
    {
        for (var i = 0; i < _files.Count; i++)
        {
            var number = _firsts[i];
            foreach (var id in _files[i].ChunkIds())
            {
                visit(id, number++);
            }
        }
    }

    public ChunkId Id(uint number)
    {
        var file = FileOf(number);
        return _files[file].IdOf((int)(number - _firsts[file]));
    }

    /// <summary>
    /// Where a chunk lies; false: not there, whatever an index says. Anybody who may push may push an index, and a pack may have been removed, cut short or
    /// gone bad: only what is read and compared is a place to refer to.
    /// </summary>
    /// <param name="plain">The chunk's bytes.</param>
    public bool TryPlace(uint number, ReadOnlySpan<byte> plain, out int file, out ChunkEntry chunk)
    {
        file = FileOf(number);
        chunk = default;
        try
        {
            chunk = _files[file].Chunk((int)(number - _firsts[file]));
            var frame = _files[file].Frame(chunk.Frame);
            var pack = _files[file].Pack(frame.Pack);
            _usable[file][frame.Pack] ??= IsUsable(pack);
            return _usable[file][frame.Pack] == true && _frame.Read(pack, frame).Slice(chunk.Offset, chunk.Bytes).SequenceEqual(plain);
        }
        catch (Exception e) when (e is ChunkException or IOException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _files.ForEach(file => file.Dispose());
        _frame.Dispose();
    }

    private bool IsUsable(PackEntry pack) => new FileInfo(_store.BlobPath(pack.Id.Digest)) is { Exists: true } file && file.Length == pack.Bytes;

    private void Add(string indexDigest)
    {
        var file = Open(indexDigest);
        _files.Add(file);
        _firsts.Add(_count);
        _usable.Add(new bool?[file.PackCount]);
        _count += (uint)file.ChunkCount;
    }

    private ImageIndexFile Open(string digest)
    {
        try
        {
            return ImageIndexFile.Open(_store.BlobPath(digest), ChunkId.ParseDigest(digest));
        }
        catch (FileNotFoundException e)
        {
            throw new ChunkException(ChunkError.Missing, $"The store has no blob {digest}. 'caisson store repair' puts it back from another source.", e);
        }
    }

    private int FileOf(uint number)
    {
        var found = _firsts.BinarySearch(number);
        return found < 0 ? ~found - 1 : LastOf(found);
    }

    /// <summary>An index without chunks has the same first number as the one after it.</summary>
    private int LastOf(int file)
    {
        while (file + 1 < _firsts.Count && _firsts[file + 1] == _firsts[file])
        {
            file++;
        }

        return file;
    }
}
