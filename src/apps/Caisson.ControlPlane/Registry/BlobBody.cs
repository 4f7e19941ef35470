using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Caisson.ControlPlane.Registry;

/// <summary>
/// Sends files in large pieces, each read into the response's own memory, so that TLS is given 128 KiB at a time and no copy of the file's bytes is made before.
/// </summary>
internal sealed class BlobBody(IHttpResponseBodyFeature inner) : IHttpResponseBodyFeature
{
    /// <summary>Eight TLS records.</summary>
    private const int PieceBytes = 128 * 1024;

    public Stream Stream => inner.Stream;

    public PipeWriter Writer => inner.Writer;

    public void DisableBuffering() => inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task CompleteAsync() => inner.CompleteAsync();

    /// <inheritdoc/>
    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        using var file = File.OpenHandle(path, options: FileOptions.Asynchronous);
        var end = offset + (count ?? (RandomAccess.GetLength(file) - offset));
        await inner.StartAsync(cancellationToken);
        while (offset < end)
        {
            var piece = inner.Writer.GetMemory((int)Math.Min(PieceBytes, end - offset));
            var got = await RandomAccess.ReadAsync(file, piece[..(int)Math.Min(piece.Length, end - offset)], offset, cancellationToken);
            if (got == 0)
            {
                throw new EndOfStreamException($"{path} became shorter while it was sent.");
            }

            inner.Writer.Advance(got);
            offset += got;
            var flushed = await inner.Writer.FlushAsync(cancellationToken);
            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                return;
            }
        }
    }
}
