using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Caisson.Fuzz;

/// <summary>A socket whose other end has sent some bytes, hung up its sending half, and reads whatever comes.</summary>
internal static partial class FuzzedSocket
{
    private const int Unix = 1;
    private const int Stream = 1;

    /// <param name="drained">Completes when the other end has read all.</param>
    public static unsafe Socket Create(byte[] sent, out Task drained)
    {
        var pair = stackalloc int[2];
        if (MakePair(Unix, Stream, 0, pair) != 0)
        {
            throw new IOException("socketpair failed.", Marshal.GetLastPInvokeError());
        }

        var near = new Socket(new SafeSocketHandle(pair[0], ownsHandle: true));
        var far = new Socket(new SafeSocketHandle(pair[1], ownsHandle: true));
        drained = Task.Run(() => Talk(far, sent));
        return near;
    }

    private static void Talk(Socket socket, byte[] bytes)
    {
        using (socket)
        {
            var buffer = new byte[1 << 16];
            try
            {
                var sending = Task.Run(() =>
                {
                    socket.Send(bytes);
                    socket.Shutdown(SocketShutdown.Send);
                });
                while (socket.Receive(buffer) > 0)
                {
                }

                sending.GetAwaiter().GetResult();
            }
            catch (SocketException)
            {
                // The server hung up first.
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static unsafe partial int MakePair(int domain, int type, int protocol, int* pair);
}
