namespace Caisson.Images;

/// <summary>A blob of a source as a stream, read in parts; what fails on the way is asked again, from where it stood.</summary>
internal sealed class BlobStream(IBlobSource source, OciDescriptor blob, TimeProvider time, CancellationToken stop) : Stream
{
    private const int PartBytes = 1 << 20;

    private byte[] _part = [];
    private long _partStart;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => blob.Size;

    public override long Position
    {
        get => _position;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var left = blob.Size - _position;
        if (buffer.Length == 0 || left <= 0)
        {
            return 0;
        }

        if (_position < _partStart || _position >= _partStart + _part.Length)
        {
            var part = new byte[Math.Min(PartBytes, left)];
            await Attempts.RunAsync(() => source.ReadRangeAsync(blob.Digest, _position, part, stop), time, stop).ConfigureAwait(false);
            (_part, _partStart) = (part, _position);
        }

        var there = _part.AsMemory((int)(_position - _partStart));
        var count = Math.Min(there.Length, buffer.Length);
        there[..count].CopyTo(buffer);
        _position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => blob.Size + offset,
    };

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A source is read asynchronously.");

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
