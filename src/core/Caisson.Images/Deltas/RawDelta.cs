using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>A delta applied to plain raw files, with no store: old disk + delta → new disk.</summary>
public static class RawDelta
{
    /// <summary>
    /// Writes <paramref name="outFile"/>, which appears only when whole and verified. What a kill, a power cut or a cancellation left goes on where it stood
    /// when the same is asked again.
    /// </summary>
    /// <exception cref="ImageStoreException">Bad input: another base than the delta was made from; nothing is written. Damaged: the delta is. No space.</exception>
    public static async Task ApplyAsync(string baseFile, string deltaFile, string outFile, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        using var old = File.OpenHandle(baseFile);
        using var delta = File.OpenHandle(deltaFile);
        var (head, target, index, content) = await OpenAsync(old, baseFile, delta, time, progress, cancellationToken).ConfigureAwait(false);
        using var held = target;
        PartialDisk? disk = null;
        try
        {
            disk = PartialDisk.Open(outFile, index, head.TargetIndex, time);
            var meter = new ProgressMeter("Applying", index.DataBytes, time, progress);
            meter.Add(disk.PresentBytes);
            await Task.Run(() => WriteAll(head, target, index, content, old, delta, disk, meter, cancellationToken), cancellationToken).ConfigureAwait(false);
            disk.Publish();
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            disk?.Discard();
            throw new ImageStoreException(ImageStoreError.NoSpace, $"The disk that holds {outFile} is full. Nothing was left there; free some space and apply again.", e);
        }
        catch (Exception e) when (e is ChunkException or EndOfStreamException)
        {
            disk?.Discard();
            throw new ImageStoreException(ImageStoreError.Damaged, $"{e.Message} Nothing was written.", e);
        }
        finally
        {
            disk?.Dispose();
        }
    }

    private static async Task<(DeltaHead Head, DeltaTarget Target, ImageIndex Index, RawContent Content)> OpenAsync(SafeFileHandle old, string baseFile, SafeFileHandle delta, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        var mostIndexBytes = MostIndexBytes(RandomAccess.GetLength(old), RandomAccess.GetLength(delta));
        DeltaHead head;
        try
        {
            head = ReadHead(delta, mostIndexBytes);
        }
        catch (Exception e) when (e is ChunkException or EndOfStreamException)
        {
            throw new ImageStoreException(ImageStoreError.Damaged, $"{e.Message} Nothing was written.", e);
        }

        var meter = new ProgressMeter("Reading the old disk", RandomAccess.GetLength(old), time, progress);
        var content = await RawContent.ReadAsync(old, meter.Add, cancellationToken).ConfigureAwait(false);
        var bytes = content.List.Encode();
        if (ChunkId.Of(bytes) != head.BaseContent)
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"{baseFile} is not the disk this delta starts from. Nothing was written; use an unchanged copy of the generation the delta was made from.");
        }

        try
        {
            var index = ImageIndex.Decode(head.DecodeIndex(bytes, mostIndexBytes));
            return (head, new DeltaTarget(head, index, content.List), index, content);
        }
        catch (ChunkException e)
        {
            throw new ImageStoreException(ImageStoreError.Damaged, $"{e.Message} Nothing was written.", e);
        }
    }

    /// <summary>
    /// No manifest says here how large the new index is: some 76 bytes a chunk. Chunks are of the old disk, of 16 KiB and more mostly, or new, and then
    /// 32 bytes of the delta at least; 64 MiB beside are a million.
    /// </summary>
    private static long MostIndexBytes(long baseBytes, long deltaBytes) => Math.Min(Limits.MaxIndexBytes, (64 << 20) + (baseBytes / 64) + (4 * deltaBytes));

    private static DeltaHead ReadHead(SafeFileHandle delta, long mostIndexBytes)
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
        return DeltaFormat.DecodeHead(head, mostIndexBytes);
    }

    private static void WriteAll(DeltaHead head, DeltaTarget target, ImageIndex index, RawContent content, SafeFileHandle old, SafeFileHandle delta, PartialDisk disk, ProgressMeter meter, CancellationToken cancellationToken)
    {
        CopyShared(index, content, old, disk, meter, cancellationToken);
        var stored = new byte[Limits.MaxUnitPlainBytes];
        for (var unit = 0; unit < head.Units.Length; unit++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (IsWanted(target.ChunksOf(unit), disk))
            {
                RawFile.Read(delta, head.Units[unit].Offset, stored.AsSpan(0, head.Units[unit].StoredBytes));
                target.Decode(unit, stored.AsSpan(0, head.Units[unit].StoredBytes), old, (chunk, plain) => meter.Add(disk.Write(chunk, plain)));
            }
        }
    }

    private static void CopyShared(ImageIndex index, RawContent content, SafeFileHandle old, PartialDisk disk, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var numbers = content.Numbers();
        var buffer = new byte[Limits.MaxChunkBytes];
        for (var number = 0; number < index.Chunks.Length; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var chunk = index.Chunks[number];
            if (!disk.IsWanted(number) || !numbers.TryGetValue(chunk.Id, out var known))
            {
                continue;
            }

            var plain = buffer.AsSpan(0, chunk.Bytes);
            var offset = content.List.Entries[known].Offset;
            RawFile.Read(old, offset, plain);

            // These bytes had this id a moment ago; only whether they are the same still is asked.
            if (RawContent.Print(plain) != content.Prints[known])
            {
                throw new ChunkException(ChunkError.Invalid, $"The old disk changed at byte {offset} while it was read.");
            }

            meter.Add(disk.Write(number, plain));
        }
    }

    private static bool IsWanted(ReadOnlySpan<int> chunks, PartialDisk disk)
    {
        foreach (var chunk in chunks)
        {
            if (disk.IsWanted(chunk))
            {
                return true;
            }
        }

        return false;
    }
}
