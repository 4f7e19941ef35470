using System.Text;
using Caisson.Launcher.Wayland;
using CsCheck;

namespace Caisson.Launcher.Tests;

public sealed class WaylandTests
{
    [Fact]
    public void A_request_is_whole_words_with_texts_closed_by_zero()
    {
        var bytes = WaylandMessage.Encode(3, 2, [7, "abcd", 0xffffffff]);
        Assert.Equal(8 + 4 + (4 + 8) + 4, bytes.Length);
        Assert.True(WaylandMessage.TryDecode(bytes, out var said, out var length));
        Assert.Equal((bytes.Length, 3u, 2), (length, said.Sender, said.Opcode));
        Assert.Equal((7u, "abcd", 0xffffffffu), (said.Word(0), said.Text(1), said.Word(4)));
    }

    [Fact]
    public void What_is_encoded_is_decoded_wherever_the_bytes_are_cut() =>
        Gen.Select(Gen.UInt, Gen.Int[0, 65535], Gen.String[0, 40], Gen.Int[0, 200]).Sample((target, opcode, text, cut) =>
        {
            var whole = WaylandMessage.Encode(target, opcode, [text]);
            Assert.Equal(cut >= whole.Length, WaylandMessage.TryDecode(whole.AsSpan(0, Math.Min(cut, whole.Length)), out _, out _));
            Assert.True(WaylandMessage.TryDecode(whole, out var said, out _));
            Assert.Equal((target, opcode), (said.Sender, said.Opcode));
            Assert.Equal(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)), said.Text(0));
        });

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(10)]
    public void A_size_no_event_has_is_refused(int size)
    {
        var bytes = new byte[16];
        bytes[6] = (byte)size;
        Assert.Throws<WaylandException>(() => WaylandMessage.TryDecode(bytes, out _, out _));
    }
}
