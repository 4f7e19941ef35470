using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Launcher.Wayland;

/// <summary>Memory shared with the compositor: four bytes a pixel (blue, green, red, unused), row by row. Its file has no name any more.</summary>
internal sealed unsafe class SharedPixels : IDisposable
{
    private readonly FileStream file;
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;

    public SharedPixels(int width, int height)
    {
        (Width, Height) = (width, height);
        var folder = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? Path.GetTempPath();
        file = new FileStream(Path.Combine(folder, "caisson-" + Guid.NewGuid().ToString("N")), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        File.Delete(file.Name);
        file.SetLength(Bytes);
        map = MemoryMappedFile.CreateFromFile(file, null, Bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        view = map.CreateViewAccessor(0, Bytes);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        start = pointer + view.PointerOffset;
    }

    public int Width { get; }

    public int Height { get; }

    public int Bytes => 4 * Width * Height;

    public SafeFileHandle Descriptor => file.SafeFileHandle;

    public Span<uint> Pixels => new(start, Width * Height);

    public void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
        file.Dispose();
    }
}
