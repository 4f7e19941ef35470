namespace Caisson.Nbd.Tests;

/// <summary>A device in memory, of which a part may be "not here yet" until the test lets it arrive.</summary>
internal sealed class MemoryDevice(byte[] content, bool isReadOnly = false) : IBlockDevice
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;

    internal byte[] Content { get; } = content;

    /// <summary>Reads that touch it wait for <see cref="Arrive"/>.</summary>
    internal Range Missing { get; init; } = 0..0;

    internal Range Hole { get; init; } = 0..0;

    /// <summary>Reads that touch it fail.</summary>
    internal Range Broken { get; init; } = 0..0;

    internal int Flushes { get; private set; }

    internal int Waiting => Volatile.Read(ref _waiting);

    internal int Cancelled { get; private set; }

    public long SizeBytes => Content.Length;

    public bool IsReadOnly => isReadOnly;

    internal static MemoryDevice Random(int size, int seed = 1)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return new MemoryDevice(bytes);
    }

    internal void Arrive() => _arrived.TrySetResult();

    public bool TryRead(long offset, Span<byte> buffer)
    {
        if (Touches(Broken, offset, buffer.Length))
        {
            throw new IOException("This part of the test device is broken.");
        }

        if (Touches(Missing, offset, buffer.Length) && !_arrived.Task.IsCompleted)
        {
            return false;
        }

        Content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
        return true;
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            await _arrived.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Cancelled++;
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        Content.AsSpan((int)offset, buffer.Length).CopyTo(buffer.Span);
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        buffer.Span.CopyTo(Content.AsSpan((int)offset));
        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Flushes++;
        return ValueTask.CompletedTask;
    }

    public IReadOnlyList<BlockExtent> GetExtents(long offset, long length)
    {
        var (from, count) = Hole.GetOffsetAndLength(Content.Length);
        var to = from + count;
        var runs = new List<BlockExtent>();
        for (var at = offset; at < offset + length;)
        {
            var isHole = at >= from && at < to;
            var end = isHole ? to : at < from ? from : Content.Length;
            end = Math.Max(end, (int)at + 1);
            runs.Add(new BlockExtent(end - at, isHole));
            at = end;
        }

        return runs;
    }

    private bool Touches(Range range, long offset, int length)
    {
        var (from, count) = range.GetOffsetAndLength(Content.Length);
        return count > 0 && offset < from + count && offset + length > from;
    }
}
