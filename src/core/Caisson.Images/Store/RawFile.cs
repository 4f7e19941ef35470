using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>Whole reads of a file that must be long enough.</summary>
internal static class RawFile
{
    /// <exception cref="EndOfStreamException">The file is shorter.</exception>
    public static void Read(SafeFileHandle file, long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var got = RandomAccess.Read(file, buffer, offset);
            if (got == 0)
            {
                throw new EndOfStreamException($"The file ends at byte {offset}, where more was expected; something else has cut it.");
            }

            buffer = buffer[got..];
            offset += got;
        }
    }
}
