using System.Collections;
using Caisson.Nbd;

namespace Caisson.Vm.Tests.Nbd;

/// <summary>A file of which no 64 KiB piece is here until it was read once, each after a delay of its own.</summary>
internal sealed class SlowDevice(RawFileDevice file) : IBlockDevice
{
    private const int Piece = 64 << 10;
    private readonly BitArray _present = new((int)((file.SizeBytes + Piece - 1) / Piece));
    private int _misses;

    internal int Misses => _misses;

    public long SizeBytes => file.SizeBytes;

    public bool IsReadOnly => true;

    public bool TryRead(long offset, Span<byte> buffer)
    {
        lock (_present)
        {
            for (var i = offset / Piece; i <= (offset + buffer.Length - 1) / Piece; i++)
            {
                if (!_present[(int)i])
                {
                    return false;
                }
            }
        }

        return file.TryRead(offset, buffer);
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _misses);
        await Task.Delay((int)(offset / Piece * 7 % 5), cancellationToken);
        lock (_present)
        {
            for (var i = offset / Piece; i <= (offset + buffer.Length - 1) / Piece; i++)
            {
                _present[(int)i] = true;
            }
        }

        file.TryRead(offset, buffer.Span);
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public IReadOnlyList<BlockExtent> GetExtents(long offset, long length) => file.GetExtents(offset, length);
}
