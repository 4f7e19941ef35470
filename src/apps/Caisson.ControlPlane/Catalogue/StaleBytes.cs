using System.Collections.Concurrent;
using Caisson.Chunks;
using Caisson.Images;

namespace Caisson.ControlPlane.Catalogue;

/// <summary>How much of a generation deleted files left in free space, as its own configuration says; read once, since it never changes.</summary>
internal sealed class StaleBytes(ImageStore store)
{
    private readonly ConcurrentDictionary<string, long?> _known = new(StringComparer.Ordinal);

    /// <summary>Null where that is not known.</summary>
    public long? Of(string manifestDigest) => _known.GetOrAdd(manifestDigest, Read);

    private long? Read(string manifestDigest)
    {
        try
        {
            return store.FindByDigest(manifestDigest)?.StaleBytes;
        }
        catch (Exception e) when (e is ChunkException or IOException)
        {
            // A damaged blob is for "store check" to say.
            return null;
        }
    }
}
