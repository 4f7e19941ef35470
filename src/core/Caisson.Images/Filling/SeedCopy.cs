using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Takes what it can from other images on this disk, whichever they are: their chunks are looked up by id, read in the order in which they lie
/// there, compared, and shared (reflink) where the file systems can, else written.
/// </summary>
internal sealed class SeedCopy(ImageIndex index, ChunkPlacement placement, FillTrouble trouble)
{
    public void Run(IEnumerable<string> directories, CancellationToken cancellationToken)
    {
        var wanted = Enumerable.Range(0, index.Chunks.Length).Where(placement.IsWanted).ToDictionary(chunk => index.Chunks[chunk].Id);
        foreach (var directory in directories.TakeWhile(_ => wanted.Count > 0))
        {
            using var seed = SeedImage.TryOpen(directory);
            if (seed is not null)
            {
                Take(seed, wanted, cancellationToken);
            }
        }
    }

    private void Take(SeedImage seed, Dictionary<ChunkId, int> wanted, CancellationToken cancellationToken)
    {
        var buffer = new byte[Limits.MaxChunkBytes];
        var canShare = true;
        foreach (var entry in seed.PresentEntries())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!wanted.TryGetValue(entry.Id, out var chunk))
            {
                continue;
            }

            var plain = buffer.AsSpan(0, entry.Bytes);
            if (!seed.TryRead(entry.Id, entry.Offset, plain))
            {
                trouble.Corrupt($"Chunk {entry.Id} in another image on this disk, at byte {entry.Offset}, is damaged; it is fetched instead.");
                continue;
            }

            // The last block of a disk may be short, and such cannot be shared.
            canShare = canShare && (entry.Bytes % Limits.BlockBytes != 0 || placement.TryShare(chunk, seed.File, entry.Offset));
            placement.Write(chunk, plain); // Only where it is not shared already.
            wanted.Remove(entry.Id);
        }
    }
}
