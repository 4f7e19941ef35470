using System.Buffers.Binary;

namespace Caisson.Launcher.Screen;

/// <summary>A cursor the guest wants shown: pixels with alpha, and which of them points.</summary>
internal sealed record CursorPicture(Picture Pixels, int X, int Y);

/// <summary>What one update changed.</summary>
internal readonly record struct ScreenChange(Area Changed, bool IsResized, CursorPicture? Cursor);

/// <summary>
/// The viewer's half of RFB (RFC 6143) as QEMU speaks it on its own socket: raw pixels, sizes that follow the window, keys by their place. What comes
/// is bounded: a guest chooses its picture's size, and its QEMU may be a taken one.
/// </summary>
internal sealed class RfbClient(Stream stream) : IDisposable
{
    private const int MostWidth = 8192;
    private const int MostHeight = 8192;
    private const int MostCursor = 512;
    private const int MostText = 1 << 20;
    private const int NoSecurity = 1;
    private const int Raw = 0;
    private const int CursorShape = -239;
    private const int DesktopSize = -223;
    private const int ExtendedDesktopSize = -308;
    private const int ExtendedKeys = -258;

    private readonly BufferedStream reading = new(stream, 256 * 1024);
    private readonly Lock writing = new();
    private readonly byte[] header = new byte[64];
    private bool canResize;

    public Picture Picture { get; private set; } = new(1, 1);

    /// <exception cref="RfbException">The other side is no such server.</exception>
    public async Task OpenAsync(CancellationToken ct)
    {
        var version = await ReadAsync(12, ct);
        if (!version.Span.StartsWith("RFB 003."u8))
        {
            throw new RfbException("It does not begin as RFB.");
        }

        Write("RFB 003.008\n"u8);
        var kinds = (await ReadAsync(1, ct)).Span[0];
        if (kinds is 0 or > 32 || !(await ReadAsync(kinds, ct)).Span.Contains((byte)NoSecurity))
        {
            throw new RfbException("It asks for a sign-in, which a socket of this PC has not.");
        }

        Write([NoSecurity]);
        if (BinaryPrimitives.ReadUInt32BigEndian((await ReadAsync(4, ct)).Span) != 0)
        {
            throw new RfbException("It turned the viewer away.");
        }

        Write([1]); // Others may look too.
        var (width, height) = Size((await ReadAsync(24, ct)).Span);
        var name = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(20));
        await SkipAsync(name, ct);
        Picture = NewPicture(width, height);

        // 32 bits, 24 of them used, little-endian, red at 16, green at 8, blue at 0: as the compositor takes them.
        Write([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
        WriteEncodings(Raw, CursorShape, DesktopSize, ExtendedDesktopSize, ExtendedKeys);
    }

    /// <summary>Asks for what changes; <paramref name="isWhole"/> for all of it at once.</summary>
    public void Request(bool isWhole)
    {
        Span<byte> message = stackalloc byte[10];
        message[0] = 3;
        message[1] = isWhole ? (byte)0 : (byte)1;
        BinaryPrimitives.WriteUInt16BigEndian(message[6..], (ushort)Picture.Width);
        BinaryPrimitives.WriteUInt16BigEndian(message[8..], (ushort)Picture.Height);
        Write(message);
    }

    /// <summary>Asks the guest to take another size; nothing where its driver cannot.</summary>
    public void RequestSize(int width, int height)
    {
        if (!canResize || width < 64 || height < 64 || (width == Picture.Width && height == Picture.Height))
        {
            return;
        }

        Span<byte> message = stackalloc byte[24];
        message.Clear();
        message[0] = 251;
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], (ushort)width);
        BinaryPrimitives.WriteUInt16BigEndian(message[4..], (ushort)height);
        message[6] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(message[16..], (ushort)width);
        BinaryPrimitives.WriteUInt16BigEndian(message[18..], (ushort)height);
        Write(message);
    }

    /// <param name="code">As <see cref="KeyCodes"/> has it.</param>
    public void Key(byte code, bool down)
    {
        Span<byte> message = stackalloc byte[12];
        message.Clear();
        message[0] = 255;
        message[3] = down ? (byte)1 : (byte)0;
        message[11] = code;
        Write(message);
    }

    /// <param name="buttons">Bit 0 left, 1 middle, 2 right, 3 to 6 the wheel.</param>
    public void Pointer(int x, int y, byte buttons)
    {
        Span<byte> message = stackalloc byte[6];
        message[0] = 5;
        message[1] = buttons;
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], (ushort)x);
        BinaryPrimitives.WriteUInt16BigEndian(message[4..], (ushort)y);
        Write(message);
    }

    /// <summary>Waits for the next update and takes it into <see cref="Picture"/>.</summary>
    public async Task<ScreenChange> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            switch ((await ReadAsync(1, ct)).Span[0])
            {
                case 0:
                    return await UpdateAsync(ct);
                case 1: // colours of a palette, which ours has not
                    var colours = await ReadAsync(5, ct);
                    await SkipAsync(6u * BinaryPrimitives.ReadUInt16BigEndian(colours.Span[3..]), ct);
                    break;
                case 2: // a bell
                    break;
                case 3: // The guest's clipboard stays with the guest.
                    var text = await ReadAsync(7, ct);
                    await SkipAsync(BinaryPrimitives.ReadUInt32BigEndian(text.Span[3..]), ct);
                    break;
                case var other:
                    throw new RfbException($"It sent a message of the unknown kind {other}.");
            }
        }
    }

    public void Dispose() => reading.Dispose();

    private async Task<ScreenChange> UpdateAsync(CancellationToken ct)
    {
        var count = BinaryPrimitives.ReadUInt16BigEndian((await ReadAsync(3, ct)).Span[1..]);
        var change = default(ScreenChange);
        for (var i = 0; i < count; i++)
        {
            var bytes = await ReadAsync(12, ct);
            var area = new Area(U16(bytes, 0), U16(bytes, 2), U16(bytes, 4), U16(bytes, 6));
            switch (BinaryPrimitives.ReadInt32BigEndian(bytes.Span[8..]))
            {
                case Raw:
                    await PixelsAsync(area, ct);
                    change = change with { Changed = change.Changed.Union(area) };
                    break;
                case CursorShape:
                    change = change with { Cursor = await CursorAsync(area, ct) };
                    break;
                case ExtendedDesktopSize:
                    canResize = true;
                    await SkipAsync(16u * (await ReadAsync(4, ct)).Span[0], ct);
                    change = Resize(change, area, isRefusal: area.X == 1 && area.Y != 0);
                    break;
                case DesktopSize:
                    change = Resize(change, area, isRefusal: false);
                    break;
                case ExtendedKeys:
                    break;
                case var other:
                    throw new RfbException($"It sent pixels in the unknown encoding {other}.");
            }
        }

        return change;
    }

    private ScreenChange Resize(ScreenChange change, Area area, bool isRefusal)
    {
        if (isRefusal || (area.Width == Picture.Width && area.Height == Picture.Height))
        {
            return change;
        }

        Picture = NewPicture(area.Width, area.Height);
        return change with { IsResized = true, Changed = Picture.Area };
    }

    private async Task PixelsAsync(Area area, CancellationToken ct)
    {
        if (area.Right > Picture.Width || area.Bottom > Picture.Height)
        {
            throw new RfbException("It sent pixels outside its own picture.");
        }

        for (var y = area.Y; y < area.Bottom; y++)
        {
            await reading.ReadExactlyAsync(Picture.Row(area.X, y, area.Width), ct);
        }
    }

    private async Task<CursorPicture> CursorAsync(Area area, CancellationToken ct)
    {
        if (area.Width > MostCursor || area.Height > MostCursor)
        {
            throw new RfbException("Its cursor is too large.");
        }

        var cursor = new Picture(area.Width, area.Height);
        await reading.ReadExactlyAsync(cursor.Bytes, ct);
        var rowBytes = (area.Width + 7) / 8;
        var mask = new byte[rowBytes * area.Height];
        await reading.ReadExactlyAsync(mask, ct);
        for (var i = 0; i < area.Width * area.Height; i++)
        {
            var (y, x) = Math.DivRem(i, area.Width);
            var isSeen = (mask[(y * rowBytes) + (x / 8)] & (0x80 >> (x % 8))) != 0;
            cursor.Bytes[(4 * i) + 3] = isSeen ? (byte)0xff : (byte)0;
            if (!isSeen)
            {
                cursor.Bytes.AsSpan(4 * i, 3).Clear();
            }
        }

        return new CursorPicture(cursor, Math.Min(area.X, area.Width), Math.Min(area.Y, area.Height));
    }

    private void WriteEncodings(params ReadOnlySpan<int> encodings)
    {
        var message = new byte[4 + (4 * encodings.Length)];
        message[0] = 2;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)encodings.Length);
        for (var i = 0; i < encodings.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4 + (4 * i)), encodings[i]);
        }

        Write(message);
    }

    private void Write(ReadOnlySpan<byte> message)
    {
        lock (writing)
        {
            stream.Write(message);
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(int count, CancellationToken ct)
    {
        await reading.ReadExactlyAsync(header.AsMemory(0, count), ct);
        return header.AsMemory(0, count);
    }

    private async Task SkipAsync(uint count, CancellationToken ct)
    {
        if (count > MostText)
        {
            throw new RfbException($"It announced {count} bytes that nobody asked for.");
        }

        var rest = new byte[Math.Min(count, 4096)];
        for (var left = (int)count; left > 0; left -= rest.Length)
        {
            await reading.ReadExactlyAsync(rest.AsMemory(0, Math.Min(left, rest.Length)), ct);
        }
    }

    private static Picture NewPicture(int width, int height) => width is > 0 and <= MostWidth && height is > 0 and <= MostHeight
        ? new Picture(width, height)
        : throw new RfbException($"A picture of {width} by {height} pixels is none.");

    private static (int Width, int Height) Size(ReadOnlySpan<byte> bytes) => (BinaryPrimitives.ReadUInt16BigEndian(bytes), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));

    private static int U16(ReadOnlyMemory<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[at..]);
}

/// <summary>The other side does not keep to RFB; the connection is over.</summary>
internal sealed class RfbException(string message) : Exception(message);
