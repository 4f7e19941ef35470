using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Writes frames into packs, each a synced file in one folder, named by its hash when whole.</summary>
internal sealed class PackFolder(string directory) : IDisposable
{
    private readonly List<(string File, PackEntry Pack)> _finished = [];
    private readonly List<FramePlace> _places = [];
    private FileStream? _file;
    private PackWriter? _pack;

    public IReadOnlyList<(string File, PackEntry Pack)> Finished => _finished;

    public void Append(FramePlace place, ReadOnlySpan<byte> stored)
    {
        _file ??= new FileStream(Path.Combine(directory, $"pack-{_finished.Count}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        _pack ??= new PackWriter(_file);
        place.Offset = _pack.Append(stored);
        _places.Add(place);
        if (_pack.IsFull)
        {
            Close();
        }
    }

    /// <summary>Ends the open pack, if any; its places learn its name.</summary>
    public void Close()
    {
        if (_pack is null || _file is null)
        {
            return;
        }

        var entry = _pack.Finish();
        _file.Flush(flushToDisk: true);
        _finished.Add((_file.Name, entry));
        _places.ForEach(place => place.Pack = entry);
        _places.Clear();
        Dispose();
    }

    public void Dispose()
    {
        _pack?.Dispose();
        _file?.Dispose();
        (_pack, _file) = (null, null);
    }
}
