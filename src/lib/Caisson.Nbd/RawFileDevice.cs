using Microsoft.Win32.SafeHandles;

namespace Caisson.Nbd;

/// <summary>A plain file as a block device. The file's length at opening is the device's size.</summary>
public sealed class RawFileDevice : IBlockDevice, IDisposable
{
    private readonly SafeFileHandle _file;

    private RawFileDevice(SafeFileHandle file, long sizeBytes, bool isReadOnly)
    {
        _file = file;
        SizeBytes = sizeBytes;
        IsReadOnly = isReadOnly;
    }

    /// <summary>Opens an existing file.</summary>
    /// <exception cref="IOException">The file is missing or may not be opened that way.</exception>
    public static RawFileDevice Open(string path, bool isReadOnly)
    {
        var access = isReadOnly ? FileAccess.Read : FileAccess.ReadWrite;
        var file = File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite);
        return new RawFileDevice(file, RandomAccess.GetLength(file), isReadOnly);
    }

    /// <inheritdoc/>
    public long SizeBytes { get; }

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <inheritdoc/>
    public bool TryRead(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(_file, buffer, offset);
            if (read == 0)
            {
                throw new EndOfStreamException($"The file ends at byte {offset} but was {SizeBytes} bytes long when it was opened. Something shortened it.");
            }

            buffer = buffer[read..];
            offset += read;
        }

        return true;
    }

    /// <inheritdoc/>
    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        TryRead(offset, buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        RandomAccess.Write(_file, buffer.Span, offset);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        RandomAccess.FlushToDisk(_file);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public IReadOnlyList<BlockExtent> GetExtents(long offset, long length) => SparseFile.GetExtents(_file, offset, length);

    /// <inheritdoc/>
    public ValueTask ZeroAsync(long offset, long length, bool keepAllocated, CancellationToken cancellationToken) =>
        !keepAllocated && SparseFile.TryPunchHole(_file, offset, length)
            ? ValueTask.CompletedTask
            : Zeros.WriteAsync(this, offset, length, cancellationToken);

    /// <inheritdoc/>
    public ValueTask TrimAsync(long offset, long length, CancellationToken cancellationToken)
    {
        SparseFile.TryPunchHole(_file, offset, length);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
