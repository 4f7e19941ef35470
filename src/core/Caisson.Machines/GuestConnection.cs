using System.Net.Sockets;

namespace Caisson.Machines;

/// <summary>Reads the guest's lines from the virtio-serial socket: 4 KiB of memory whatever the guest sends, and at most one message a second.</summary>
internal static class GuestConnection
{
    private static readonly TimeSpan Spacing = TimeSpan.FromSeconds(1);

    /// <summary>Calls <paramref name="heard"/> for messages until cancelled; connects again when the socket closes.</summary>
    public static async Task ListenAsync(string socketPath, Func<GuestMessage, ValueTask> heard, TimeProvider time, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation);
                await using var stream = new NetworkStream(socket);
                await ReadAsync(stream, heard, time, cancellation);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // QEMU is going, or gone; the driver learns that from the monitor.
            }

            await Task.Delay(Spacing, time, cancellation);
        }
    }

    /// <summary>Reads to the end of the stream. A line that is too long is skipped to its end.</summary>
    internal static async Task ReadAsync(Stream stream, Func<GuestMessage, ValueTask> heard, TimeProvider time, CancellationToken cancellation)
    {
        var buffer = new byte[GuestMessage.LongestLine + 1];
        var filled = 0;
        var skipping = false;
        long? lastHeard = null;
        while (await stream.ReadAsync(buffer.AsMemory(filled), cancellation) is > 0 and var count)
        {
            filled += count;
            var start = 0;
            while (buffer.AsSpan(start, filled - start).IndexOf((byte)'\n') is >= 0 and var length)
            {
                // A flood is read and forgotten, so that it neither fills memory nor keeps the driver from its other work.
                if (!skipping && (lastHeard is not { } last || time.GetElapsedTime(last) >= Spacing)
                    && GuestMessage.Parse(buffer.AsMemory(start, length)) is { } message)
                {
                    lastHeard = time.GetTimestamp();
                    await heard(message);
                }

                skipping = false;
                start += length + 1;
            }

            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            if (filled == buffer.Length)
            {
                skipping = true;
                filled = 0;
            }
        }
    }
}
