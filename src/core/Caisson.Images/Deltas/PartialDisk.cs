using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// A raw disk on its way: <c>OUT.part</c> and, beside it, <c>OUT.part.present</c> says what of it is durable. Whoever opens it again after a kill or a power
/// cut goes on there, once each chunk that is said to be there has been compared. One process at a time.
/// </summary>
internal sealed class PartialDisk : IDisposable
{
    private static readonly TimeSpan CheckpointPeriod = TimeSpan.FromSeconds(2);

    private readonly string _outFile;
    private readonly ImageIndex _index;
    private readonly FrameMap _map;
    private readonly ChunkId _identity;
    private readonly PresenceMap _present;
    private readonly SafeFileHandle _file;
    private readonly TimeProvider _time;
    private long _checkpoint;

    private PartialDisk(string outFile, ImageIndex index, ChunkId identity, SafeFileHandle file, TimeProvider time)
    {
        (_outFile, _index, _identity, _file, _time) = (outFile, index, identity, file, time);
        _map = new FrameMap(index);
        _present = new PresenceMap(index);
        _checkpoint = time.GetTimestamp();
    }

    private static string PartFile(string outFile) => $"{outFile}.part";

    private string MapFile => $"{PartFile(_outFile)}.present";

    /// <summary>Bytes that were there already.</summary>
    public long PresentBytes => _present.PresentBytes;

    /// <param name="identity">The new index's hash: a part of another disk is begun anew.</param>
    /// <exception cref="ImageStoreException">Bad input: another process writes it.</exception>
    public static PartialDisk Open(string outFile, ImageIndex index, ChunkId identity, TimeProvider time)
    {
        PartialDisk disk;
        try
        {
            disk = new PartialDisk(outFile, index, identity, File.OpenHandle(PartFile(outFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), time);
        }
        catch (IOException e) when (File.Exists(PartFile(outFile)) && !Posix.IsNoSpace(e))
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"{PartFile(outFile)} is in use: another process makes the same disk. Wait for it, or end it.", e);
        }

        try
        {
            if (RandomAccess.GetLength(disk._file) > 0 && !File.Exists(disk.MapFile))
            {
                throw new ImageStoreException(ImageStoreError.BadInput, $"{PartFile(outFile)} is there already and was not made by applying a delta, so it stays as it is. Move it away, or write the new disk under another name.");
            }

            disk.Begin();
            return disk;
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    /// <summary>True: some place of the chunk is not written yet.</summary>
    public bool IsWanted(int chunk)
    {
        foreach (var extent in _map.ExtentsOf(chunk))
        {
            if (!_present.HasExtent(extent))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Puts a verified chunk where it belongs.</summary>
    /// <returns>Bytes written.</returns>
    public long Write(int chunk, ReadOnlySpan<byte> plain)
    {
        var written = 0L;
        foreach (var extent in _map.ExtentsOf(chunk))
        {
            if (!_present.HasExtent(extent))
            {
                RandomAccess.Write(_file, plain, _index.Extents[extent].Offset);
                _present.Mark(extent);
                written += plain.Length;
            }
        }

        if (_time.GetElapsedTime(_checkpoint) > CheckpointPeriod)
        {
            Checkpoint();
        }

        return written;
    }

    /// <summary>Makes it durable, what is written, and says so.</summary>
    public void Checkpoint()
    {
        Posix.SyncData(_file);
        WholeFile.Write(MapFile, _present.Encode(_identity));
        _checkpoint = _time.GetTimestamp();
    }

    /// <summary>The whole disk takes its name.</summary>
    public void Publish()
    {
        RandomAccess.FlushToDisk(_file);
        WholeFile.Publish(PartFile(_outFile), _outFile);
        File.Delete(MapFile);
    }

    /// <summary>Takes away what was made.</summary>
    public void Discard()
    {
        File.Delete(PartFile(_outFile)); // First: without its map it would be nobody's.
        File.Delete(MapFile);
    }

    public void Dispose() => _file.Dispose();

    private void Begin()
    {
        var said = new PresenceMap(_index);
        if (RandomAccess.GetLength(_file) == _index.ImageBytes && File.Exists(MapFile) && said.TryLoad(File.ReadAllBytes(MapFile), _identity))
        {
            Compare(said);
            return;
        }

        // An empty map first, and durable: an old one must not speak for the new file.
        WholeFile.Write(MapFile, _present.Encode(_identity));
        RandomAccess.SetLength(_file, 0);
        RandomAccess.SetLength(_file, _index.ImageBytes);
    }

    private void Compare(PresenceMap said)
    {
        var buffer = new byte[Limits.MaxChunkBytes];
        for (var extent = 0; extent < _index.Extents.Length; extent++)
        {
            var chunk = _index.Chunks[_index.Extents[extent].Chunk];
            if (said.HasExtent(extent))
            {
                RawFile.Read(_file, _index.Extents[extent].Offset, buffer.AsSpan(0, chunk.Bytes));
                if (ChunkId.Of(buffer.AsSpan(0, chunk.Bytes)) == chunk.Id)
                {
                    _present.Mark(extent);
                }
            }
        }
    }
}
