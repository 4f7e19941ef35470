using Caisson.Nbd;

namespace Caisson.Images;

/// <summary>A generation of a store, served read-only over NBD on a Unix socket until it is disposed.</summary>
public sealed class ServedGeneration : IAsyncDisposable
{
    private readonly ReadingLease _lease;
    private readonly StoredDisk _disk;
    private readonly NbdServer _server;

    private ServedGeneration(ReadingLease lease, StoredDisk disk, NbdServer server, string exportName)
    {
        _lease = lease;
        _disk = disk;
        _server = server;
        Uri = $"nbd+unix:///{System.Uri.EscapeDataString(exportName)}?socket={System.Uri.EscapeDataString(server.SocketPath)}";
    }

    /// <summary>What NBD clients take to connect.</summary>
    public string Uri { get; }

    /// <param name="socketPath">At most 107 bytes; its folder exists. A socket a dead server left there is replaced.</param>
    /// <param name="onFailure">Told of what could not be read, in a sentence; the client gets an input/output error.</param>
    /// <exception cref="ChunkException">Missing or invalid: the generation's manifest or index is damaged.</exception>
    /// <exception cref="IOException">The socket cannot be made.</exception>
    public static async Task<ServedGeneration> StartAsync(ImageStore store, StoredGeneration generation, string socketPath, Action<string> onFailure, CancellationToken cancellationToken)
    {
        var lease = await store.LeaseAsync(generation.ManifestDigest, cancellationToken).ConfigureAwait(false);
        StoredDisk? disk = null;
        try
        {
            disk = new StoredDisk(store, store.ReadIndex(generation.ManifestDigest));
            var options = new NbdServerOptions { OnDeviceFailure = e => onFailure(e.Message) };
            return new ServedGeneration(lease, disk, NbdServer.Listen(Path.GetFullPath(socketPath), $"{generation}", disk, options), $"{generation}");
        }
        catch
        {
            disk?.Dispose();
            lease.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync().ConfigureAwait(false);
        _disk.Dispose();
        _lease.Dispose();
    }
}
