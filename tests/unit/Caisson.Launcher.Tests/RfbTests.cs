using System.Net.Sockets;
using Caisson.Launcher.Screen;
using Caisson.Testing;

namespace Caisson.Launcher.Tests;

public sealed class RfbTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        listener.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_viewer_sees_what_is_painted_and_its_hands_arrive()
    {
        var display = new DisplaySimulator(320, 200);
        display.Paint(0x123456);
        var (mine, theirs) = await PairAsync();
        _ = display.ServeAsync(theirs, Ct);
        using var client = new RfbClient(mine);
        await client.OpenAsync(Ct);
        client.Request(isWhole: true);
        await client.NextAsync(Ct);
        Assert.Equal((320, 200), (client.Picture.Width, client.Picture.Height));
        Assert.All(client.Picture.Pixels.ToArray(), p => Assert.Equal(0x123456u, p));

        client.Key(KeyCodes.ToPc(97)!.Value, down: true);
        client.Pointer(10, 20, 1);
        client.RequestSize(640, 480);
        client.Request(isWhole: false);
        var change = await client.NextAsync(Ct);
        Assert.True(change.IsResized);
        Assert.Equal((640, 480), (client.Picture.Width, client.Picture.Height));
        Assert.Equal((0x9d, true), Assert.Single(display.Keys));
        Assert.Equal((10, 20, 1), Assert.Single(display.Pointers));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData("RFB 003.008\n\0\0\0\u0001x")] // no kind of sign-in: a reason follows
    [InlineData("RFB 003.008\n\u0001\u0002")] // a password
    public async Task Who_is_no_display_of_ours_is_refused(string says)
    {
        var (mine, theirs) = await PairAsync();
        await theirs.WriteAsync(says.Select(c => (byte)c).ToArray(), Ct);
        using var client = new RfbClient(mine);
        await Assert.ThrowsAsync<RfbException>(() => client.OpenAsync(Ct));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 1, 0, 200, 0, 0, 0, 200, 0, 1, 0, 0, 0, 0 })] // pixels beyond the picture
    [InlineData(new byte[] { 0, 0, 0, 1, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 33 })] // four gigapixels
    [InlineData(new byte[] { 0, 0, 0, 1, 0, 0, 0, 0, 4, 0, 4, 0, 255, 255, 255, 17 })] // a cursor larger than a screen
    [InlineData(new byte[] { 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 7 })] // an encoding nobody offered
    [InlineData(new byte[] { 3, 0, 0, 0, 255, 255, 255, 255 })] // a clipboard without end
    [InlineData(new byte[] { 99 })]
    public async Task What_a_taken_machine_sends_ends_the_connection_and_nothing_else(byte[] message)
    {
        var (mine, theirs) = await PairAsync();
        byte[] hello = [.. "RFB 003.008\n"u8, 1, 1, 0, 0, 0, 0, 1, 64, 0, 200, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0, 0, 0, 0, 0];
        await theirs.WriteAsync((byte[])[.. hello, .. message], Ct);
        using var client = new RfbClient(mine);
        await client.OpenAsync(Ct);
        await Assert.ThrowsAsync<RfbException>(() => client.NextAsync(Ct));
    }

    [Fact]
    public void No_two_keys_are_one()
    {
        var codes = Enumerable.Range(0, 256).Select(k => KeyCodes.ToPc((uint)k)).OfType<byte>().ToList();
        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.Null(KeyCodes.ToPc(0));
    }

    private async Task<(Stream Mine, Stream Theirs)> PairAsync()
    {
        var path = folder.File("display.sock");
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var mine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await mine.ConnectAsync(new UnixDomainSocketEndPoint(path), Ct);
        return (new NetworkStream(mine, ownsSocket: true), new NetworkStream(await listener.AcceptAsync(Ct), ownsSocket: true));
    }
}
