using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// The raw file of one image and its saved presence map, as the disk below treats them: what is written may be lost, torn or reordered by a
/// power cut until <see cref="Sync"/> has returned; a map is replaced whole or not at all.
/// </summary>
internal interface IImageDisk : IDisposable
{
    /// <exception cref="IOException">It cannot be read, or is shorter than its image.</exception>
    void Read(long offset, Span<byte> buffer);

    /// <exception cref="IOException">The disk does not take it.</exception>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Shares another file's range instead of writing (reflink). False where the file systems cannot.</summary>
    bool TryShare(SafeFileHandle source, long sourceOffset, int bytes, long offset);

    /// <summary>Everything written before the call survives a power cut.</summary>
    void Sync();

    /// <summary>Durable on return.</summary>
    void SaveMap(ReadOnlySpan<byte> map);
}
