using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Caisson.ControlPlane.Hosting;

/// <summary>A response body that counts every byte, whichever of the three ways it is written.</summary>
internal sealed class CountedResponseBody(IHttpResponseBodyFeature inner) : IHttpResponseBodyFeature
{
    /// <summary>
    /// A file goes out in pieces of this size, read straight into the connection's own memory: the framework's own way copies 16 KiB at a time
    /// through a stream.
    /// </summary>
    private const int FilePiece = 128 << 10;

    private CountedPipe? _pipe;

    public long Bytes => _pipe?.Bytes ?? 0;

    public Stream Stream => field ??= Pipe.AsStream(leaveOpen: true);

    public PipeWriter Writer => Pipe;

    private CountedPipe Pipe => _pipe ??= new CountedPipe(inner.Writer);

    public void DisableBuffering() => inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    // Kestrel itself copies files through the body stream; so a file that broke off is counted as far as it went.
    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        // Before the head has left, Kestrel hands out memory it would copy from again.
        await inner.StartAsync(cancellationToken);
        using var file = File.OpenHandle(path);
        var left = count ?? (RandomAccess.GetLength(file) - offset);
        while (left > 0)
        {
            // Read on this thread: an asynchronous read of a file is the same read on another thread of the same pool, and one more switch.
            var memory = Pipe.GetMemory(FilePiece);
            var got = RandomAccess.Read(file, memory.Span[..(int)Math.Min(left, FilePiece)], offset);
            if (got == 0)
            {
                throw new IOException($"{path} ended at byte {offset} while it was being sent. Something shortened it.");
            }

            Pipe.Advance(got);
            (offset, left) = (offset + got, left - got);
            if ((await Pipe.FlushAsync(cancellationToken)).IsCompleted)
            {
                return; // The client is gone.
            }
        }
    }

    public async Task CompleteAsync()
    {
        if (_pipe is not null)
        {
            await _pipe.FlushAsync();
        }

        await inner.CompleteAsync();
    }

    private sealed class CountedPipe(PipeWriter inner) : PipeWriter
    {
        public long Bytes { get; private set; }

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            inner.Advance(bytes);
            Bytes += bytes;
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
        {
            Bytes += source.Length;
            return inner.WriteAsync(source, cancellationToken);
        }

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}
