using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>A pack on this disk.</summary>
internal sealed class PackFile : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _file;

    /// <exception cref="ChunkException">Missing; or invalid: not a pack.</exception>
    public PackFile(string path)
    {
        _path = path;
        try
        {
            _file = File.OpenHandle(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ChunkException(ChunkError.Missing, $"The pack sha256:{Path.GetFileName(path)} is not in the store.", e);
        }

        Span<byte> header = stackalloc byte[PackFormat.HeaderBytes];
        Read(0, header);
        PackFormat.CheckHeader(header);
    }

    /// <exception cref="ChunkException">Invalid: the pack is too short.</exception>
    public void Read(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var got = RandomAccess.Read(_file, buffer, offset);
            if (got == 0)
            {
                throw new ChunkException(ChunkError.Invalid, $"The pack sha256:{Path.GetFileName(_path)} is cut short at byte {offset}.");
            }

            buffer = buffer[got..];
            offset += got;
        }
    }

    public void Dispose() => _file.Dispose();
}
