using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>What a check of every byte found.</summary>
/// <param name="Problems">One sentence each; empty when the store is sound.</param>
public sealed record StoreCheckResult(int Generations, long Chunks, int Blobs, long Bytes, IReadOnlyList<string> Problems);

/// <summary>
/// Reads every blob some manifest names, compares it with its digest, holds every index against the rules, and decodes what it names: whoever may push
/// may push an index that speaks of chunks its packs do not hold.
/// </summary>
internal sealed class StoreCheck(ImageStore store, StoreLayout layout, TimeProvider time, IProgress<ImageProgress>? progress)
{
    private readonly ConcurrentBag<string> _problems = [];
    private readonly ConcurrentDictionary<string, OciDescriptor> _blobs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _bad = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ChunkId, bool> _frames = new();
    private long _chunks;

    public async Task<StoreCheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var entries = layout.ReadIndex().Manifests.DistinctBy(entry => entry.Digest).ToList();
        foreach (var entry in entries)
        {
            if (!Try(() => CheckManifest(entry)))
            {
                _bad[entry.Digest] = true;
            }
        }

        var meter = new ProgressMeter("Checking", _blobs.Values.Sum(blob => blob.Size), time, progress);
        await Parallel.ForEachAsync(_blobs.Values, cancellationToken, async (blob, token) =>
        {
            await CheckBlobAsync(blob, token).ConfigureAwait(false);
            meter.Add(blob.Size);
        }).ConfigureAwait(false);
        foreach (var entry in entries.Where(entry => entry.ArtifactType == MediaTypes.Generation && !_bad.ContainsKey(entry.Digest)))
        {
            _ = Try(() => CheckFrames(entry.Digest, cancellationToken));
        }

        var generations = entries.Count(entry => entry.ArtifactType == MediaTypes.Generation);
        return new StoreCheckResult(generations, _chunks, _blobs.Count, _blobs.Values.Sum(blob => blob.Size), [.. _problems.Order(StringComparer.Ordinal)]);
    }

    private void CheckManifest(OciDescriptor entry)
    {
        var manifest = store.ReadManifest(entry.Digest);
        foreach (var blob in manifest.Layers.Prepend(manifest.Config))
        {
            _blobs.TryAdd(blob.Digest, blob);
        }

        if (manifest.ArtifactType == MediaTypes.Generation)
        {
            var index = store.ReadIndex(entry.Digest);
            _chunks += index.Chunks.Length;
            var packs = manifest.Layers.Where(layer => layer.MediaType == MediaTypes.Pack).Select(layer => (layer.Digest, layer.Size)).ToHashSet();
            if (index.Packs.Any(pack => !packs.Contains((pack.Id.Digest, pack.Bytes))))
            {
                _problems.Add($"The index of {entry.Digest} needs a pack its manifest does not name.");
            }
        }
    }

    private void CheckFrames(string manifestDigest, CancellationToken cancellationToken)
    {
        var index = store.ReadIndex(manifestDigest);
        var map = new FrameMap(index);
        var frames = Enumerable.Range(0, index.Frames.Length).ToLookup(frame => index.Frames[frame].Pack);
        var meter = new ProgressMeter("Comparing", index.DataBytes, time, progress);
        var packs = Enumerable.Range(0, index.Packs.Length).Where(pack => !_bad.ContainsKey(index.Packs[pack].Id.Digest));
        Parallel.ForEach(packs, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, () => new FrameCodec(), (pack, _, codec) =>
        {
            try
            {
                CheckPack(index, map, index.Packs[pack], [.. frames[pack]], codec, meter);
            }
            catch (Exception e) when (e is ChunkException or IOException)
            {
                _problems.Add($"{e.Message} The pack is as its digest says, so the index of {manifestDigest} speaks of what is not there: remove that generation.");
            }

            return codec;
        }, codec => codec.Dispose());
    }

    /// <summary>Frames another generation takes the same chunks from are not decoded once more.</summary>
    private void CheckPack(ImageIndex index, FrameMap map, PackEntry pack, int[] frames, FrameCodec codec, ProgressMeter meter)
    {
        using var file = new PackFile(store.BlobPath(pack.Id.Digest));
        var (stored, plain) = (new byte[Limits.MaxFrameStoredBytes], new byte[Limits.MaxFramePlainBytes]);
        foreach (var frame in frames)
        {
            var entry = index.Frames[frame];
            if (_frames.TryAdd(Identity(index, map, pack, frame), true))
            {
                file.Read(entry.Offset, stored.AsSpan(0, entry.StoredBytes));
                map.DecodeVerified(frame, stored.AsSpan(0, entry.StoredBytes), codec, plain);
            }

            meter.Add(entry.PlainBytes);
        }
    }

    private static ChunkId Identity(ImageIndex index, FrameMap map, PackEntry pack, int frame)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> row = stackalloc byte[ChunkId.Size + 16];
        Append(row, pack.Id, index.Frames[frame].Offset, index.Frames[frame].StoredBytes, index.Frames[frame].PlainBytes, (int)index.Frames[frame].Encoding);
        foreach (var number in map.ChunksOf(frame))
        {
            var chunk = index.Chunks[number];
            Append(row, chunk.Id, chunk.Offset, chunk.Bytes, 0, 0);
        }

        return new ChunkId(hash.GetHashAndReset());

        void Append(Span<byte> row, ChunkId id, int a, int b, int c, int d)
        {
            id.WriteTo(row);
            BinaryPrimitives.WriteInt32LittleEndian(row[ChunkId.Size..], a);
            BinaryPrimitives.WriteInt32LittleEndian(row[(ChunkId.Size + 4)..], b);
            BinaryPrimitives.WriteInt32LittleEndian(row[(ChunkId.Size + 8)..], c);
            BinaryPrimitives.WriteInt32LittleEndian(row[(ChunkId.Size + 12)..], d);
            hash.AppendData(row);
        }
    }

    private async Task CheckBlobAsync(OciDescriptor blob, CancellationToken cancellationToken)
    {
        var path = layout.BlobPath(blob.Digest);
        if (!File.Exists(path))
        {
            _bad[blob.Digest] = true;
            _problems.Add($"The blob {blob.Digest} is missing. 'caisson store repair' puts it back from another source.");
            return;
        }

        try
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            var hash = new ChunkId(await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false));
            if (file.Length != blob.Size || hash.Digest != blob.Digest)
            {
                _bad[blob.Digest] = true;
                _problems.Add($"The blob {blob.Digest} is damaged. 'caisson store repair' puts it back from another source.");
            }
        }
        catch (IOException e)
        {
            _bad[blob.Digest] = true;
            _problems.Add($"The blob {blob.Digest} cannot be read ({e.Message}). Put the store on another disk, then run 'caisson store repair'.");
        }
    }

    private bool Try(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (Exception e) when (e is ChunkException or IOException)
        {
            _problems.Add(e.Message);
            return false;
        }
    }
}
