using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>A delta applied to plain raw files, with no store: old disk + delta → new disk.</summary>
public static class RawDelta
{
    /// <summary>Writes <paramref name="outFile"/>, which appears only when whole and verified.</summary>
    /// <exception cref="ImageStoreException">Bad input: another base than the delta was made from; nothing is written. Damaged: the delta is. No space.</exception>
    public static async Task ApplyAsync(string baseFile, string deltaFile, string outFile, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        using var old = File.OpenHandle(baseFile);
        using var delta = File.OpenHandle(deltaFile);
        var (head, target, index, content) = await OpenAsync(old, baseFile, delta, time, progress, cancellationToken).ConfigureAwait(false);
        var part = WholeFile.PartName(outFile);
        try
        {
            using (var file = File.OpenHandle(part, FileMode.CreateNew, FileAccess.Write))
            {
                RandomAccess.SetLength(file, index.ImageBytes);
                var meter = new ProgressMeter("Applying", index.DataBytes, time, progress);
                await Task.Run(() => WriteAll(head, target, index, content, old, delta, file, meter, cancellationToken), cancellationToken).ConfigureAwait(false);
                RandomAccess.FlushToDisk(file);
            }

            WholeFile.Publish(part, outFile);
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            throw new ImageStoreException(ImageStoreError.NoSpace, $"The disk that holds {outFile} is full. Nothing was left there; free some space and apply again.", e);
        }
        catch (Exception e) when (e is ChunkException or EndOfStreamException)
        {
            throw new ImageStoreException(ImageStoreError.Damaged, $"{e.Message} Nothing was written.", e);
        }
        finally
        {
            File.Delete(part);
        }
    }

    private static async Task<(DeltaHead Head, DeltaTarget Target, ImageIndex Index, ContentList Content)> OpenAsync(SafeFileHandle old, string baseFile, SafeFileHandle delta, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        DeltaHead head;
        try
        {
            head = ReadHead(delta);
        }
        catch (Exception e) when (e is ChunkException or EndOfStreamException)
        {
            throw new ImageStoreException(ImageStoreError.Damaged, $"{e.Message} Nothing was written.", e);
        }

        var meter = new ProgressMeter("Reading the old disk", RandomAccess.GetLength(old), time, progress);
        var content = await RawContent.ReadAsync(old, meter.Add, cancellationToken).ConfigureAwait(false);
        var bytes = content.Encode();
        if (ChunkId.Of(bytes) != head.BaseContent)
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"{baseFile} is not the disk this delta starts from. Nothing was written; use an unchanged copy of the generation the delta was made from.");
        }

        try
        {
            var index = ImageIndex.Decode(head.DecodeIndex(bytes));
            return (head, new DeltaTarget(head, index, content), index, content);
        }
        catch (ChunkException e)
        {
            throw new ImageStoreException(ImageStoreError.Damaged, $"{e.Message} Nothing was written.", e);
        }
    }

    private static DeltaHead ReadHead(SafeFileHandle delta)
    {
        var header = new byte[DeltaFormat.HeaderBytes];
        RawFile.Read(delta, 0, header);
        var length = DeltaFormat.HeadBytes(header);
        if (length > RandomAccess.GetLength(delta))
        {
            throw new ChunkException(ChunkError.Invalid, "The delta is cut short.");
        }

        var head = new byte[length];
        RawFile.Read(delta, 0, head);
        return DeltaFormat.DecodeHead(head);
    }

    private static void WriteAll(DeltaHead head, DeltaTarget target, ImageIndex index, ContentList content, SafeFileHandle old, SafeFileHandle delta, SafeFileHandle file, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var map = new FrameMap(index);
        var places = content.Places();
        void Take(int chunk, ReadOnlySpan<byte> plain)
        {
            foreach (var extent in map.ExtentsOf(chunk))
            {
                RandomAccess.Write(file, plain, index.Extents[extent].Offset);
                meter.Add(plain.Length);
            }
        }

        var buffer = new byte[Limits.MaxChunkBytes];
        for (var number = 0; number < index.Chunks.Length; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var chunk = index.Chunks[number];
            if (places.TryGetValue(chunk.Id, out var offset))
            {
                RawFile.Read(old, offset, buffer.AsSpan(0, chunk.Bytes));
                if (ChunkId.Of(buffer.AsSpan(0, chunk.Bytes)) != chunk.Id)
                {
                    throw new ChunkException(ChunkError.Invalid, $"The old disk changed at byte {offset} while it was read.");
                }

                Take(number, buffer.AsSpan(0, chunk.Bytes));
            }
        }

        var stored = new byte[Limits.MaxUnitPlainBytes];
        for (var unit = 0; unit < head.Units.Length; unit++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            RawFile.Read(delta, head.Units[unit].Offset, stored.AsSpan(0, head.Units[unit].StoredBytes));
            target.Decode(unit, stored.AsSpan(0, head.Units[unit].StoredBytes), old, Take);
        }
    }
}
