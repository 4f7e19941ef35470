using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Caisson.Web.Tests.Seed;

/// <summary>Draws what a desktop looks like from afar and writes it as PNG (ISO/IEC 15948), so that no picture has to lie in the repository.</summary>
internal sealed class DesktopPicture
{
    private const int Width = 640;
    private const int Height = 400;
    private readonly byte[] pixels = new byte[Width * Height * 3];

    /// <param name="seed">Another seed is another wallpaper and other windows.</param>
    public static byte[] Png(int seed)
    {
        var picture = new DesktopPicture();
        picture.Draw(new Random(seed));
        return picture.Encode();
    }

    /// <summary>A boot that stopped: a few lines of text on black.</summary>
    public static byte[] Stopped()
    {
        var picture = new DesktopPicture();
        var random = new Random(7);
        for (var line = 0; line < 14; line++)
        {
            picture.Fill(10, 10 + (line * 13), 30, 5, line > 11 ? 200 : 70, line > 11 ? 70 : 160, 80);
            picture.Fill(48, 10 + (line * 13), 120 + random.Next(380), 5, 150, 156, 160);
        }

        return picture.Encode();
    }

    private void Draw(Random random)
    {
        var (r, g, b) = ((int, int, int))(random.Next(3) switch { 0 => (24, 74, 96), 1 => (52, 60, 92), _ => (38, 84, 72) });
        for (var y = 0; y < Height; y++)
        {
            Fill(0, y, Width, 1, r + (y / 9), g + (y / 7), b + (y / 6));
        }

        Fill(0, 0, Width, 16, 32, 36, 40);
        Fill(6, 4, 54, 8, 170, 180, 186);
        Fill(Width - 60, 5, 52, 6, 170, 180, 186);
        var windows = 1 + random.Next(2);
        for (var i = 0; i < windows; i++)
        {
            Window(random, 40 + (i * 150) + random.Next(60), 40 + (i * 50) + random.Next(40), 300 + random.Next(90), 200 + random.Next(60));
        }
    }

    private void Window(Random random, int x, int y, int width, int height)
    {
        Fill(x + 4, y + 5, width, height, 18, 30, 38);
        Fill(x, y, width, height, 250, 251, 252);
        Fill(x, y, width, 18, 224, 229, 232);
        Fill(x + width - 16, y + 5, 8, 8, 216, 92, 84);
        Fill(x, y + 18, 70, height - 18, 240, 243, 245);
        for (var line = 0; line < (height - 40) / 12; line++)
        {
            Fill(x + 84, y + 32 + (line * 12), 60 + random.Next(width - 160), 5, 176, 186, 192);
            Fill(x + 10, y + 32 + (line * 12), 30 + random.Next(24), 5, 190, 199, 204);
        }
    }

    private void Fill(int x, int y, int width, int height, int r, int g, int b)
    {
        for (var row = Math.Max(0, y); row < Math.Min(Height, y + height); row++)
        {
            for (var column = Math.Max(0, x); column < Math.Min(Width, x + width); column++)
            {
                var at = ((row * Width) + column) * 3;
                (pixels[at], pixels[at + 1], pixels[at + 2]) = ((byte)r, (byte)g, (byte)b);
            }
        }
    }

    private byte[] Encode()
    {
        using var png = new MemoryStream();
        png.Write([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Height);
        (header[8], header[9]) = (8, 2); // 8 bits, true colour
        Chunk(png, "IHDR"u8, header);
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var row = 0; row < Height; row++)
            {
                zlib.WriteByte(0); // filter: none
                zlib.Write(pixels, row * Width * 3, Width * 3);
            }
        }

        Chunk(png, "IDAT"u8, data.ToArray());
        Chunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    private static void Chunk(Stream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        png.Write(number);
        png.Write(type);
        png.Write(content);
        var crc = new Crc32();
        crc.Append(type);
        crc.Append(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, crc.GetCurrentHashAsUInt32());
        png.Write(number);
    }
}
