using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Qmp;

/// <summary>sendmsg(2) with one open file beside the bytes (SCM_RIGHTS, unix(7)), for which .NET has no name. Layouts of Linux on 64 bits.</summary>
internal static unsafe partial class PassedFile
{
    private const int SolSocket = 1;
    private const int ScmRights = 1;
    private const int NoSignal = 0x4000;

    /// <summary>Sends all bytes or throws: a command is far smaller than what a socket takes at once.</summary>
    /// <exception cref="IOException">The peer is gone, or the file could not be passed.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> bytes, SafeFileHandle file)
    {
        var isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            var control = new Control
            {
                Length = (nuint)(sizeof(Control) - sizeof(int)), // CMSG_LEN: without the padding at its end.
                Level = SolSocket,
                Type = ScmRights,
                File = (int)file.DangerousGetHandle(),
            };
            fixed (byte* start = bytes)
            {
                var part = new Part { Start = start, Length = (nuint)bytes.Length };
                var message = new Message { Parts = &part, PartCount = 1, Control = &control, ControlLength = (nuint)sizeof(Control) };
                if (SendMessage(socket.SafeHandle, &message, NoSignal) != bytes.Length)
                {
                    throw new IOException($"A file could not be passed to QEMU: {Marshal.GetLastPInvokeErrorMessage()}.");
                }
            }
        }
        finally
        {
            if (isHeld)
            {
                file.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, Message* message, int flags);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Part
    {
        public byte* Start;
        public nuint Length;
    }

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public Part* Parts;
        public nuint PartCount;
        public Control* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>struct cmsghdr with one file descriptor; its alignment pads it as CMSG_SPACE does.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Control
    {
        public nuint Length;
        public int Level;
        public int Type;
        public int File;
    }
}
