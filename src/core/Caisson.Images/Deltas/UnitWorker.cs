using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Encodes units, one after another, with buffers of its own. One thread at a time.</summary>
internal sealed class UnitWorker(ImageStore store, (ImageIndex Index, FrameMap Map) old, (ImageIndex Index, FrameMap Map) next, DeltaEffort effort, int keptOldFrames) : IDisposable
{
    /// <summary>New chunks are read in the order they were packed in.</summary>
    private const int KeptNewFrames = 4;

    private readonly StoredContent _old = new(store, old.Index, old.Map, keptOldFrames);
    private readonly StoredContent _next = new(store, next.Index, next.Map, KeptNewFrames);
    private readonly UnitEncoder _encoder = new(effort);
    private readonly byte[] _plain = new byte[Limits.MaxUnitPlainBytes];
    private readonly byte[] _reference = new byte[Limits.MaxUnitReferenceBytes];

    /// <summary>Encodes a unit and puts it among <paramref name="encoded"/> if it is the smallest way yet.</summary>
    /// <exception cref="ChunkException">The store is damaged.</exception>
    public void Encode(int number, int[] chunks, DeltaPlan plan, EncodedUnits encoded)
    {
        var length = 0;
        foreach (var chunk in chunks)
        {
            var bytes = _next.Chunk(chunk);
            bytes.CopyTo(_plain.AsSpan(length));
            length += bytes.Length;
        }

        var plain = _plain.AsSpan(0, length);
        var regions = plan.RegionsOf(chunks, plain);
        var referenced = 0;
        foreach (var region in regions)
        {
            _old.Read(region.Offset, _reference.AsSpan(referenced, region.Bytes));
            referenced += region.Bytes;
        }

        var (encoding, stored) = _encoder.Encode(_reference.AsSpan(0, referenced), plain);
        encoded.Put(number, new DeltaUnit { Encoding = encoding, StoredBytes = stored.Length, PlainBytes = length, ChunkCount = chunks.Length, Regions = UsesRegions(encoding) ? regions : [] }, stored);
    }

    public void Dispose()
    {
        _old.Dispose();
        _next.Dispose();
        _encoder.Dispose();
    }

    private static bool UsesRegions(DeltaEncoding encoding) => encoding is not (DeltaEncoding.Stored or DeltaEncoding.Zstd);
}
