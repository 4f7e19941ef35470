using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace Caisson.Testing;

/// <summary>A machine's display as a viewer meets it: RFB over any stream, one colour all over, and what the viewer's hands did written down.</summary>
public sealed class DisplaySimulator(int width, int height)
{
    private readonly Lock gate = new();
    private uint colour;
    private (int Width, int Height) size = (width, height);
    private bool isAnnounced;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Keys as (PC code, down).</summary>
    public ConcurrentQueue<(int Code, bool Down)> Keys { get; } = new();

    public ConcurrentQueue<(int X, int Y, int Buttons)> Pointers { get; } = new();

    /// <summary>The size the viewer asked for last.</summary>
    public (int Width, int Height)? Asked { get; private set; }

    /// <summary>Updates that a viewer asked for.</summary>
    public int Requests { get; private set; }

    /// <summary>Takes the size a viewer asks for, as a guest with virtio-gpu does.</summary>
    public bool Follows { get; init; } = true;

    /// <summary>Paints the whole screen, red in bits 16 to 23.</summary>
    public void Paint(uint next)
    {
        lock (gate)
        {
            colour = next;
            changed.TrySetResult();
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public async Task ServeAsync(Stream stream, CancellationToken cancellation)
    {
        await stream.WriteAsync("RFB 003.008\n"u8.ToArray(), cancellation);
        await ReadAsync(stream, 12, cancellation);
        await stream.WriteAsync(new byte[] { 1, 1 }, cancellation);
        await ReadAsync(stream, 1, cancellation);
        await stream.WriteAsync(new byte[4], cancellation);
        await ReadAsync(stream, 1, cancellation);
        var hello = new byte[24 + 4];
        Sizes(hello, size);
        hello[23] = 4;
        await stream.WriteAsync(hello, cancellation);
        isAnnounced = false;
        while (true)
        {
            await HearAsync(stream, (await ReadAsync(stream, 1, cancellation))[0], cancellation);
        }
    }

    private async Task HearAsync(Stream stream, byte kind, CancellationToken cancellation)
    {
        switch (kind)
        {
            case 0:
                await ReadAsync(stream, 19, cancellation);
                break;
            case 2:
                await ReadAsync(stream, 4 * BinaryPrimitives.ReadUInt16BigEndian((await ReadAsync(stream, 3, cancellation)).AsSpan(1)), cancellation);
                break;
            case 3:
                var asked = await ReadAsync(stream, 9, cancellation);
                Requests++;
                await AnswerAsync(stream, isIncremental: asked[0] == 1, cancellation);
                break;
            case 5:
                var pointer = await ReadAsync(stream, 5, cancellation);
                Pointers.Enqueue((U16(pointer, 1), U16(pointer, 3), pointer[0]));
                break;
            case 251:
                var wish = await ReadAsync(stream, 23, cancellation);
                Asked = (U16(wish, 1), U16(wish, 3));
                lock (gate)
                {
                    size = Follows ? Asked.Value : size;
                }

                break;
            case 255:
                var key = await ReadAsync(stream, 11, cancellation);
                Keys.Enqueue((BinaryPrimitives.ReadInt32BigEndian(key.AsSpan(7)), key[2] != 0));
                break;
            default:
                throw new InvalidOperationException($"A viewer sent a message of the kind {kind}.");
        }
    }

    /// <summary>The whole picture, at once or a moment later; never a wait, so that keys are heard meanwhile.</summary>
    private async Task AnswerAsync(Stream stream, bool isIncremental, CancellationToken cancellation)
    {
        if (isIncremental)
        {
            await Task.WhenAny(changed.Task, Task.Delay(20, cancellation));
        }

        (int Width, int Height) now;
        uint paint;
        lock (gate)
        {
            (now, paint) = (size, colour);
        }

        var extended = isAnnounced ? [] : new byte[12 + 4 + 16];
        if (!isAnnounced)
        {
            Sizes(extended.AsSpan(4), now);
            BinaryPrimitives.WriteInt32BigEndian(extended.AsSpan(8), -308);
            extended[12] = 1;
            isAnnounced = true;
        }

        var resize = new byte[12];
        Sizes(resize.AsSpan(4), now);
        BinaryPrimitives.WriteInt32BigEndian(resize.AsSpan(8), -223);
        var pixels = new byte[12 + (4 * now.Width * now.Height)];
        Sizes(pixels.AsSpan(4), now);
        for (var i = 12; i < pixels.Length; i += 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(pixels.AsSpan(i), paint);
        }

        await stream.WriteAsync(new byte[] { 0, 0, 0, (byte)(extended.Length > 0 ? 3 : 2), }, cancellation);
        await stream.WriteAsync((byte[])[.. extended, .. resize, .. pixels], cancellation);
    }

    private static void Sizes(Span<byte> to, (int Width, int Height) size)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)size.Width);
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)size.Height);
    }

    private static int U16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at));

    private static async Task<byte[]> ReadAsync(Stream stream, int count, CancellationToken cancellation)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }
}
