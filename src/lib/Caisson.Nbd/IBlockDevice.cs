namespace Caisson.Nbd;

/// <summary>
/// A disk as <see cref="NbdServer"/> serves it. Every member may be called from several threads at once.
/// The server checks offsets and lengths against <see cref="SizeBytes"/> before it calls, so an
/// implementation may treat a violation as a programming error.
/// </summary>
public interface IBlockDevice
{
    /// <summary>Bytes the device has. Does not change while it is served.</summary>
    long SizeBytes { get; }

    /// <summary>True: <see cref="WriteAsync"/>, <see cref="ZeroAsync"/> and their kin are never called.</summary>
    bool IsReadOnly { get; }

    /// <summary>
    /// Fills <paramref name="buffer"/> if all of it is here now. May touch the local disk but never waits for a network
    /// or another request: the caller is the one thread that serves a whole connection. False leaves the buffer's content undefined.
    /// </summary>
    bool TryRead(long offset, Span<byte> buffer);

    /// <summary>
    /// Fills all of <paramref name="buffer"/>, waiting for as long as it takes to get the bytes. Must end soon after
    /// <paramref name="cancellationToken"/> is cancelled: the end of its connection, and so of the server, waits for it.
    /// </summary>
    ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Stores all of <paramref name="buffer"/>. Durable only after <see cref="FlushAsync"/>.</summary>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Returns once everything written before the call would survive a power cut.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Runs that cover [offset, offset + length) in order and without gaps; the last one may reach further.
    /// Answers from what is known now, without waiting. May stop early, after one run at least: the client asks again.
    /// </summary>
    IReadOnlyList<BlockExtent> GetExtents(long offset, long length);

    /// <summary>
    /// Makes the range read as zero; gives its space back where the device can, unless <paramref name="keepAllocated"/> says that
    /// later writes must not run out of space.
    /// </summary>
    /// <remarks>The default writes zeros, so a device that has nothing better need not implement it.</remarks>
    ValueTask ZeroAsync(long offset, long length, bool keepAllocated, CancellationToken cancellationToken) =>
        Zeros.WriteAsync(this, offset, length, cancellationToken);

    /// <summary>The range is not needed any more; what it reads as afterwards is open. A hint: the default does nothing.</summary>
    ValueTask TrimAsync(long offset, long length, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
