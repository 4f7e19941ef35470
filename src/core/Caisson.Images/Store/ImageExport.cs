using System.Buffers;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>A generation → one sparse raw file. Frames are decoded on all cores; every chunk is compared with its id on the way.</summary>
internal sealed class ImageExport(ImageStore store, TimeProvider time, IProgress<ImageProgress>? progress)
{
    public async Task RunAsync(string manifestDigest, string outFile, CancellationToken cancellationToken)
    {
        var part = WholeFile.PartName(outFile);
        try
        {
            var index = store.ReadIndex(manifestDigest);
            WholeFile.SweepParts(outFile, time);

            // Held until it has its name: a part nobody holds is one that was left.
            using var target = File.OpenHandle(part, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            await WriteAsync(index, target, cancellationToken).ConfigureAwait(false);
            RandomAccess.FlushToDisk(target);
            WholeFile.Publish(part, outFile);
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            throw new ImageStoreException(ImageStoreError.NoSpace, $"The disk that holds {outFile} is full. Nothing was left there; free some space and export again.", e);
        }
        catch (ChunkException e)
        {
            throw new ImageStoreException(ImageStoreError.Damaged, $"{e.Message} The store is damaged; nothing was written. Run 'caisson store check'.", e);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Writes the disk into an empty file, without syncing it.</summary>
    /// <exception cref="ChunkException">Missing or invalid.</exception>
    public Task WriteAsync(ImageIndex index, SafeFileHandle target, CancellationToken cancellationToken)
    {
        RandomAccess.SetLength(target, index.ImageBytes);
        var meter = new ProgressMeter("Exporting", index.DataBytes, time, progress);
        return Task.Run(() => WriteAll(index, target, meter, cancellationToken), cancellationToken);
    }

    private void WriteAll(ImageIndex index, SafeFileHandle target, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var map = new FrameMap(index);
        var packs = Enumerable.Range(0, index.Packs.Length);
        var frames = Enumerable.Range(0, index.Frames.Length).ToLookup(frame => index.Frames[frame].Pack);
        try
        {
            Parallel.ForEach(packs, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, () => new FrameCodec(), (pack, _, codec) =>
            {
                using var reader = new PackFile(store.BlobPath(index.Packs[pack].Id.Digest));
                foreach (var frame in frames[pack])
                {
                    meter.Add(WriteFrame(index, map, frame, reader, codec, target));
                }

                return codec;
            }, codec => codec.Dispose());
        }
        catch (AggregateException e)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    private static long WriteFrame(ImageIndex index, FrameMap map, int frame, PackFile pack, FrameCodec codec, SafeFileHandle target)
    {
        var entry = index.Frames[frame];
        var stored = ArrayPool<byte>.Shared.Rent(entry.StoredBytes);
        var plain = ArrayPool<byte>.Shared.Rent(entry.PlainBytes);
        var written = 0L;
        try
        {
            pack.Read(entry.Offset, stored.AsSpan(0, entry.StoredBytes));
            map.DecodeVerified(frame, stored.AsSpan(0, entry.StoredBytes), codec, plain);
            foreach (var number in map.ChunksOf(frame))
            {
                var chunk = index.Chunks[number];
                foreach (var extent in map.ExtentsOf(number))
                {
                    RandomAccess.Write(target, plain.AsSpan(chunk.Offset, chunk.Bytes), index.Extents[extent].Offset);
                    written += chunk.Bytes;
                }
            }

            return written;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
            ArrayPool<byte>.Shared.Return(plain);
        }
    }
}
