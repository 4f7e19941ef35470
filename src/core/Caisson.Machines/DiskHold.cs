using System.Net.Sockets;

namespace Caisson.Machines;

/// <summary>
/// A machine held on a disk error: when to try again. `cont` makes QEMU repeat the failed request, so the guest never sees the error;
/// if it fails once more the machine is held once more.
/// </summary>
internal sealed class DiskHold(TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>How long a continued machine must run without another error before it counts as running.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(500);

    private TimeSpan _pause = FirstPause;
    private bool _continued;

    public DateTimeOffset Due { get; private set; } = time.GetUtcNow() + FirstPause;

    /// <summary>Due after a `cont`, with no error since.</summary>
    public bool HasSettled => _continued;

    public void FailedAgain()
    {
        if (_continued)
        {
            _continued = false;
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            Due = time.GetUtcNow() + _pause;
        }
    }

    public void SourceStillAway() => Due = time.GetUtcNow() + FirstPause;

    public void Continued()
    {
        _continued = true;
        Due = time.GetUtcNow() + Settling;
    }

    /// <summary>Whether anybody serves the base now. Trying costs less than letting the guest run into the same error.</summary>
    public static async Task<bool> IsSourceBackAsync(OsBase? osBase, CancellationToken cancellation)
    {
        if (osBase is not NbdBase nbd)
        {
            return true;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(nbd.SocketPath), cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
