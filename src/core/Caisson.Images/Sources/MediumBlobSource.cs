using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Stores on media that come and go: a USB stick, a mounted share. Looked for at each read under the given folder: there, or up to three
/// folders deeper (<c>/run/media/USER/LABEL/FOLDER</c>). Only read, never written, so a write-protected medium will do. Without a medium
/// everything is missing; one pulled out in the middle of a read is away.
/// </summary>
public sealed class MediumBlobSource(string folder, TimeProvider time) : IBlobSource
{
    private const int DeepestStore = 3;

    /// <summary>Folders looked into at the most: a medium may hold anything.</summary>
    private const int MostFolders = 200;

    private const int MaxIndexFileBytes = 16 << 20;

    /// <summary>What is mounted is looked at no oftener.</summary>
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private List<string> _stores = [];
    private long? _lookedAt;

    public string Name => $"the medium at {folder}";

    public async Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) =>
        await ReadAsync(reference, file =>
        {
            var length = RandomAccess.GetLength(file);
            if (length > Limits.MaxManifestBytes)
            {
                throw new BlobSourceException(BlobSourceError.Invalid, $"{Name} has a manifest {reference} larger than a manifest may be.");
            }

            var bytes = new byte[length];
            Fill(file, 0, bytes, reference);
            return bytes;
        }, cancellationToken).ConfigureAwait(false);

    public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await ReadAsync(digest, file =>
        {
            Fill(file, offset, buffer.Span, digest);
            return true;
        }, cancellationToken).ConfigureAwait(false);
        return this;
    }

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) => Task.Run(
        IReadOnlyList<OciDescriptor> () => [.. Stores().SelectMany(store => Listed(store).Where(entry => entry.ArtifactType == artifactType && Subject(store, entry) == digest))],
        cancellationToken);

    public void Reject(string digest)
    {
        // Nothing to remember: who has other sources asks them first.
    }

    /// <summary>A disk that is failing may hold a read for long: never on the caller's thread.</summary>
    private Task<T> ReadAsync<T>(string digest, Func<Microsoft.Win32.SafeHandles.SafeFileHandle, T> read, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var name = ChunkId.TryParseDigest(digest, out var id) ? id.ToString() : throw Missing(digest);
            foreach (var path in Stores().Select(store => Path.Combine(store, "blobs", "sha256", name)).Where(File.Exists))
            {
                try
                {
                    using var file = Posix.OpenPlainFile(path);
                    return read(file);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    Forget();
                    throw new BlobSourceException(BlobSourceError.Away, $"{Name} cannot be read: {e.Message}", e);
                }
            }

            throw Missing(digest);
        }, cancellationToken);

    private void Fill(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, Span<byte> buffer, string digest)
    {
        while (buffer.Length > 0)
        {
            var got = RandomAccess.Read(file, buffer, offset);
            if (got == 0)
            {
                throw new BlobSourceException(BlobSourceError.Away, $"{Name} has {digest} cut short.");
            }

            buffer = buffer[got..];
            offset += got;
        }
    }

    private List<string> Stores()
    {
        lock (_gate)
        {
            if (_lookedAt is not { } at || time.GetElapsedTime(at) >= LookPeriod)
            {
                (_stores, _lookedAt) = (Look(), time.GetTimestamp());
            }

            return _stores;
        }
    }

    private void Forget()
    {
        lock (_gate)
        {
            _lookedAt = null;
        }
    }

    private List<string> Look()
    {
        var (found, level, looked) = (new List<string>(), new List<string> { folder }, 0);
        for (var depth = 0; depth <= DeepestStore && level.Count > 0; depth++)
        {
            var next = new List<string>();
            foreach (var directory in level.TakeWhile(_ => looked++ < MostFolders))
            {
                if (File.Exists(Path.Combine(directory, "oci-layout")))
                {
                    found.Add(directory);
                }
                else
                {
                    next.AddRange(Below(directory));
                }
            }

            level = next;
        }

        return found;
    }

    private static string[] Below(string directory)
    {
        try
        {
            return Directory.GetDirectories(directory, "*", new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static IReadOnlyList<OciDescriptor> Listed(string store)
    {
        try
        {
            using var file = Posix.OpenPlainFile(Path.Combine(store, "index.json"));
            var length = RandomAccess.GetLength(file);
            var bytes = length <= MaxIndexFileBytes ? new byte[length] : [];
            return OciIndex.Parse(bytes.AsSpan(0, RandomAccess.Read(file, bytes, 0))).Manifests;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }

    private static string? Subject(string store, OciDescriptor entry)
    {
        try
        {
            using var file = Posix.OpenPlainFile(Path.Combine(store, "blobs", "sha256", ChunkId.ParseDigest(entry.Digest).ToString()));
            var length = RandomAccess.GetLength(file);
            var bytes = length <= Limits.MaxManifestBytes ? new byte[length] : [];
            return OciManifest.Parse(bytes.AsSpan(0, RandomAccess.Read(file, bytes, 0)), entry.Digest).Subject?.Digest;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ChunkException)
        {
            return null;
        }
    }

    private BlobSourceException Missing(string digest) => new(BlobSourceError.Missing, $"{Name} has no {digest}.");
}
