using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Makes durable what has come, and only then says so in the saved map.</summary>
internal sealed class Checkpoint(PresenceMap present, IImageDisk disk, ChunkId manifest) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private long _saved;

    /// <returns>Bytes that are present and durable.</returns>
    /// <exception cref="IOException">The disk does not take it now; the saved map is as it was.</exception>
    public async Task<long> SaveAsync()
    {
        await _one.WaitAsync().ConfigureAwait(false);
        try
        {
            var changes = present.Changes;
            var bytes = present.PresentBytes;
            if (changes != _saved)
            {
                // The bits as they were before the sync: what is marked during it may not be durable.
                var map = present.Encode(manifest);
                disk.Sync();
                disk.SaveMap(map);
                _saved = changes;
            }

            return bytes;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
