using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// Makes the delta between two generations of a store: new chunks in units of about 1 MiB, each compressed against the regions of the old image
/// that resemble it, or alone where that is smaller.
/// </summary>
internal sealed class DeltaMaker(ImageStore store, ImageIndex oldIndex, ImageIndex newIndex)
{
    /// <summary>More regions a chunk cost more reading than they save (LAB: 4 or 8 differ by 2 %).</summary>
    private const int RegionsPerChunk = 4;

    private const int ReadRunBytes = 4 * 1024 * 1024;

    /// <summary>Writes the delta to <paramref name="outFile"/>, synced.</summary>
    /// <param name="oldRaw">The old image as a raw file.</param>
    /// <returns>How many chunks are new.</returns>
    public async Task<int> RunAsync(SafeFileHandle oldRaw, string outFile, Action<long> passed, CancellationToken cancellationToken)
    {
        var content = ContentList.Of(oldIndex);
        var newChunks = DeltaTarget.NewChunks(newIndex, content);
        var similar = IndexOld(oldRaw);
        var units = new List<DeltaUnit>();
        await using var stored = new FileStream(outFile + ".units", FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.DeleteOnClose);
        var pending = new Queue<Task<(DeltaUnit Unit, byte[] Stored)>>();
        foreach (var unit in SplitIntoUnits(newChunks))
        {
            pending.Enqueue(Task.Run(() => EncodeUnit(unit, similar, oldRaw), cancellationToken));
            if (pending.Count > Environment.ProcessorCount)
            {
                await TakeAsync().ConfigureAwait(false);
            }
        }

        while (pending.Count > 0)
        {
            await TakeAsync().ConfigureAwait(false);
        }

        await AssembleAsync(content, units, stored, outFile, cancellationToken).ConfigureAwait(false);
        return newChunks.Length;

        async Task TakeAsync()
        {
            var (unit, bytes) = await pending.Dequeue().ConfigureAwait(false);
            units.Add(unit);
            await stored.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
            passed(unit.PlainBytes);
        }
    }

    private SimilarityIndex IndexOld(SafeFileHandle oldRaw)
    {
        var similar = new SimilarityIndex(oldIndex.DataBytes);
        var buffer = new byte[ReadRunBytes];
        var extent = 0;
        while (extent < oldIndex.Extents.Length)
        {
            // Neighbouring extents as one run, so that the rolling hash crosses chunk boundaries.
            var (start, end) = (oldIndex.Extents[extent].Offset, oldIndex.Extents[extent].Offset);
            for (; extent < oldIndex.Extents.Length && oldIndex.Extents[extent].Offset == end && end + oldIndex.ExtentBytes(extent) - start <= buffer.Length; extent++)
            {
                end += oldIndex.ExtentBytes(extent);
            }

            var run = buffer.AsSpan(0, (int)(end - start));
            RawFile.Read(oldRaw, start, run);
            similar.Add(start, run);
        }

        return similar;
    }

    private IEnumerable<List<int>> SplitIntoUnits(int[] newChunks)
    {
        var unit = new List<int>();
        var bytes = 0;
        foreach (var chunk in newChunks)
        {
            unit.Add(chunk);
            bytes += newIndex.Chunks[chunk].Bytes;
            if (bytes >= Limits.UnitTargetBytes)
            {
                yield return unit;
                (unit, bytes) = ([], 0);
            }
        }

        if (unit.Count > 0)
        {
            yield return unit;
        }
    }

    private (DeltaUnit Unit, byte[] Stored) EncodeUnit(List<int> chunks, SimilarityIndex similar, SafeFileHandle oldRaw)
    {
        var plain = ReadChunks(chunks);
        var regions = FindRegions(chunks, plain, similar);
        var alone = new byte[plain.Length];
        using var frame = new FrameCodec();
        var (encoding, length) = frame.Encode(plain, alone);
        var unit = new DeltaUnit
        {
            Encoding = encoding == FrameEncoding.Stored ? DeltaEncoding.Stored : DeltaEncoding.Zstd,
            StoredBytes = length,
            PlainBytes = plain.Length,
            ChunkCount = chunks.Count,
            Regions = [],
        };
        if (regions.Count > 0)
        {
            var against = new byte[length];
            using var codec = new PrefixCodec();
            var smaller = codec.Encode(DeltaTarget.ReadRegions(oldRaw, regions), plain, against);
            if (smaller > 0 && smaller + (regions.Count * 12) < length)
            {
                return (unit with { Encoding = DeltaEncoding.ZstdPrefix, StoredBytes = smaller, Regions = [.. regions] }, against[..smaller]);
            }
        }

        return (unit, alone[..length]);
    }

    private byte[] ReadChunks(List<int> chunks)
    {
        var plain = new byte[chunks.Sum(chunk => newIndex.Chunks[chunk].Bytes)];
        using var codec = new FrameCodec();
        var frameBytes = new byte[Limits.MaxFramePlainBytes];
        var (inBuffer, at) = (-1, 0);
        foreach (var number in chunks)
        {
            var chunk = newIndex.Chunks[number];
            if (chunk.Frame != inBuffer)
            {
                ReadFrame(chunk.Frame, codec, frameBytes);
                inBuffer = chunk.Frame;
            }

            var bytes = frameBytes.AsSpan(chunk.Offset, chunk.Bytes);
            if (ChunkId.Of(bytes) != chunk.Id)
            {
                throw new ChunkException(ChunkError.Invalid, $"Chunk {chunk.Id} in the store is damaged. Run 'caisson store check'.");
            }

            bytes.CopyTo(plain.AsSpan(at));
            at += chunk.Bytes;
        }

        return plain;
    }

    private void ReadFrame(int number, FrameCodec codec, Span<byte> plain)
    {
        var frame = newIndex.Frames[number];
        using var pack = new PackFile(store.BlobPath(newIndex.Packs[frame.Pack].Id.Digest));
        var stored = new byte[frame.StoredBytes];
        pack.Read(frame.Offset, stored);
        codec.Decode(frame.Encoding, stored, plain[..frame.PlainBytes]);
    }

    private List<DeltaRegion> FindRegions(List<int> chunks, ReadOnlySpan<byte> plain, SimilarityIndex similar)
    {
        var starts = new SortedSet<long>();
        foreach (var chunk in chunks)
        {
            var bytes = newIndex.Chunks[chunk].Bytes;
            starts.UnionWith(similar.Find(plain[..bytes], RegionsPerChunk));
            plain = plain[bytes..];
        }

        return [.. starts.Take(Limits.MaxUnitRegions).Select(start => new DeltaRegion(start, (int)Math.Min(Limits.RegionBytes, oldIndex.ImageBytes - start)))];
    }

    private async Task AssembleAsync(ContentList content, List<DeltaUnit> units, FileStream stored, string outFile, CancellationToken cancellationToken)
    {
        var contentBytes = content.Encode();
        var indexBytes = newIndex.Encode();
        var indexStored = new byte[indexBytes.Length + 4096];
        using var codec = new PrefixCodec();
        var head = new DeltaHead
        {
            BaseContent = ChunkId.Of(contentBytes),
            BaseBytes = oldIndex.ImageBytes,
            TargetIndex = ChunkId.Of(indexBytes),
            IndexEncoding = DeltaEncoding.ZstdPrefix,
            IndexPlainBytes = indexBytes.Length,
            IndexStored = indexStored.AsMemory(0, codec.Encode(contentBytes, indexBytes, indexStored)),
            Units = [.. units],
        };
        await using var target = new FileStream(outFile, FileMode.CreateNew, FileAccess.Write);
        await target.WriteAsync(DeltaFormat.EncodeHead(head), cancellationToken).ConfigureAwait(false);
        stored.Position = 0;
        await stored.CopyToAsync(target, cancellationToken).ConfigureAwait(false);
        target.Flush(flushToDisk: true);
    }
}
