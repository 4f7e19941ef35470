using System.Collections.Concurrent;
using System.Security.Cryptography;
using Caisson.Images;

namespace Caisson.ControlPlane.Registry;

/// <summary>
/// Blobs on their way in: each a file under DATA/uploads, hashed when it is whole, then renamed into the store. What a killed server left is
/// removed at the next start; the pusher begins that blob again.
/// </summary>
internal sealed class Uploads(DataFolder folder, ImageStore store, TimeProvider time)
{
    private const int BufferBytes = 128 * 1024;

    /// <summary>One request at a time may write an upload.</summary>
    private readonly ConcurrentDictionary<string, byte> _writing = new(StringComparer.Ordinal);

    public void RemoveLeftovers()
    {
        foreach (var file in Directory.EnumerateFiles(folder.Uploads))
        {
            File.Delete(file);
        }
    }

    public string Begin()
    {
        var id = Guid.NewGuid().ToString("N");
        using var file = new FileStream(PathOf(id), new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        return id;
    }

    /// <returns>Bytes the upload has now.</returns>
    public async Task<long> AppendAsync(string id, Stream content, long? offset, CancellationToken cancellationToken)
    {
        var path = Require(id);
        if (!_writing.TryAdd(id, 0))
        {
            throw RequestRefused.WrongState("This upload is being written by another request.");
        }

        try
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read, BufferBytes, useAsync: true);
            if (offset is { } at && at != file.Length)
            {
                throw new RequestRefused(StatusCodes.Status416RangeNotSatisfiable, Protocol.Api.ProblemCodes.BadInput, $"The upload stands at byte {file.Length}, not {at}.");
            }

            file.Seek(0, SeekOrigin.End);
            await content.CopyToAsync(file, BufferBytes, cancellationToken);
            return file.Length;
        }
        finally
        {
            _writing.TryRemove(id, out _);
        }
    }

    public long Length(string id) => new FileInfo(Require(id)).Length;

    /// <summary>Takes the upload into the store, if its bytes hash to the digest.</summary>
    public async Task FinishAsync(string id, string digest, CancellationToken cancellationToken)
    {
        var path = Require(id);
        await using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, BufferBytes, useAsync: true))
        {
            var hash = "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            if (!string.Equals(hash, digest, StringComparison.Ordinal))
            {
                throw RequestRefused.BadInput($"The upload's bytes hash to {hash}, not to {digest}. Nothing was kept; push it again.");
            }

            file.Flush(flushToDisk: true);
        }

        // Held before it takes its name: garbage collection may run at any moment, and the manifest that names it comes last.
        store.HoldForPush(digest, time);
        var target = store.BlobPath(digest);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        WholeFile.Publish(path, target);
    }

    public void Cancel(string id) => File.Delete(Require(id));

    private string Require(string id)
    {
        // A GUID of ours and nothing else may become a file name.
        var path = Guid.TryParseExact(id, "N", out _) ? PathOf(id) : null;
        return path is not null && File.Exists(path) ? path : throw RequestRefused.NotFound("There is no such upload. Begin it again.");
    }

    private string PathOf(string id) => Path.Combine(folder.Uploads, id);
}
