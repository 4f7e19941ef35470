using System.Text;
using Caisson.Launcher.Sway;
using CsCheck;

namespace Caisson.Launcher.Tests;

public sealed class SwayTests
{
    [Fact]
    public void A_message_is_framed_as_sway_reads_it()
    {
        var bytes = new SwayMessage(SwayMessage.RunCommand, "exit"u8.ToArray()).Encode();
        Assert.Equal("i3-ipc\u0004\0\0\0\0\0\0\0exit", Encoding.ASCII.GetString(bytes));
        Assert.Equal((SwayMessage.RunCommand, 4), SwayMessage.DecodeHeader(bytes));
    }

    [Fact]
    public void Whatever_stands_in_a_header_is_read_within_bounds_or_refused() =>
        Gen.Byte.Array[SwayMessage.HeaderBytes].Sample(bytes =>
        {
            "i3-ipc"u8.CopyTo(bytes);
            try
            {
                Assert.InRange(SwayMessage.DecodeHeader(bytes).Length, 0, 4 << 20);
            }
            catch (SwayException)
            {
                // Too long.
            }
        });

    [Fact]
    public void Another_protocol_is_refused() => Assert.Throws<SwayException>(() => SwayMessage.DecodeHeader("HTTP/1.1 400 B"u8));
}
