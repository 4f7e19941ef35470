using System.Buffers.Binary;
using System.Net.Sockets;
using Caisson.Nbd;

namespace Caisson.Fuzz;

/// <summary>A whole NBD connection: greeting, options, requests.</summary>
internal static class NbdParser
{
    private const uint FixedNewstyleNoZeroes = 3;
    private const ulong OptionMagic = 0x49484156454F5054;
    private const uint RequestMagic = 0x25609513;
    private const int Go = 7;

    public static Parser Connection { get; } = new("nbd", Parse, () => [Sample(), [.. Flags(), .. Option(1, "disk"u8)], [.. Flags(), .. Option(8, []), .. Option(3, []), .. Option(1, "disk"u8)]]);

    private static bool Parse(byte[] bytes)
    {
        Exception? failure = null;
        var isSettled = false;
        using var socket = FuzzedSocket.Create(bytes, out var drained);
        var device = new SmallDevice();
        var (input, port) = (new ConnectionInput(socket), new SendPort(socket));
        using (var pending = new PendingReads(device, port, 1 << 20, e => failure = e, () => socket.Shutdown(SocketShutdown.Both)))
        {
            try
            {
                if (new Handshake(input, port, "disk", device).Run() is { } settled)
                {
                    isSettled = true;
                    new Transmission(input, port, device, settled, pending, e => failure = e).Run();
                }
            }
            catch (Exception e) when (e is EndOfStreamException or SocketException)
            {
                // The ordinary end of a connection, as NbdConnection takes it.
            }
        }

        socket.Dispose();
        drained.GetAwaiter().GetResult();
        if (failure is not null)
        {
            throw new InvalidOperationException("A client's bytes looked like a fault of the device.", failure);
        }

        return isSettled;
    }

    private static byte[] Flags() => BigEndian(FixedNewstyleNoZeroes);

    private static byte[] Option(uint number, ReadOnlySpan<byte> data)
    {
        var magic = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(magic, OptionMagic);
        return [.. magic, .. BigEndian(number), .. BigEndian((uint)data.Length), .. data];
    }

    private static byte[] Sample() =>
    [
        .. Flags(), .. Option(8, []), .. Option(10, [.. BigEndian(4), .. "disk"u8, .. BigEndian(1), .. BigEndian(15), .. "base:allocation"u8]),
        .. Option(Go, [.. BigEndian(4), .. "disk"u8, 0, 0]),
        .. Request(0, 0, 4096), .. Request(7, 0, 8192), .. Request(1, 4096, 4), 1, 2, 3, 4, .. Request(6, 0, 4096), .. Request(4, 0, 4096), .. Request(3, 0, 0), .. Request(2, 0, 0),
    ];

    private static byte[] Request(ushort command, ulong offset, uint length)
    {
        var bytes = new byte[28];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), command);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(24), length);
        return bytes;
    }

    private static byte[] BigEndian(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>16 KiB that may be written, of which half is a hole. Throws, as any device would, if asked beyond its end.</summary>
    private sealed class SmallDevice : IBlockDevice
    {
        private readonly byte[] _bytes = new byte[16384];

        public long SizeBytes => _bytes.Length;

        public bool IsReadOnly => false;

        public bool TryRead(long offset, Span<byte> buffer)
        {
            // What lies at the end is "not here yet" and takes the other way.
            if (offset + buffer.Length > 12_288)
            {
                return false;
            }

            _bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
            return true;
        }

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            _bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            buffer.Span.CopyTo(_bytes.AsSpan((int)offset));
            return ValueTask.CompletedTask;
        }

        public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public IReadOnlyList<BlockExtent> GetExtents(long offset, long length)
        {
            Parsers.Require(offset >= 0 && length > 0 && offset + length <= SizeBytes, "Extents were asked beyond the end.");
            var data = Math.Clamp(8192 - offset, 0, length);
            return [new BlockExtent(data, IsHole: false), new BlockExtent(length - data, IsHole: true)];
        }
    }
}
