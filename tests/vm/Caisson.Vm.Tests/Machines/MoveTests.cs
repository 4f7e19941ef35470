using System.Buffers.Binary;
using System.Globalization;
using Caisson.Machines;
using Caisson.Nbd;
using Caisson.Protocol;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Machines;

/// <summary>
/// A running guest's disk moves between the NBD server and the plain raw file while the guest writes and reads all the time, past its page cache,
/// and compares every byte (guests/tiny/verify.c). CAISSON_MOVES says how often; <c>./dev test move</c> sets 200.
/// </summary>
public sealed class MoveTests
{
    private const int PatternMebibytes = 32;
    private const int DiskBytes = 2 * PatternMebibytes << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_that_checks_every_byte_moves_again_and_again_and_the_server_is_read_no_more()
    {
        var moves = int.Parse(Environment.GetEnvironmentVariable("CAISSON_MOVES") ?? "5", CultureInfo.InvariantCulture);
        using var images = new TestFolder();
        var (socket, image) = (images.File("nbd.sock"), images.File("image.raw"));
        await WritePatternAsync(image);
        var counted = new CountedDevice(RawFileDevice.Open(image, isReadOnly: true));
        await using var server = NbdServer.Listen(socket, "os", counted, new NbdServerOptions());
        var (streamed, plain) = (new NbdBase(socket, "os"), new RawBase(image));
        await using var vm = await TestVm.BootAsync((spec, guest, _) => spec with
        {
            OsBase = streamed,
            OsBytes = DiskBytes,
            Firmware = guest.Boot($"caisson.verify={PatternMebibytes}"),
        }, Cancellation);
        await vm.WaitForSerialAsync("CAISSON-VERIFY ok");
        var before = await vm.WaitForAsync(s => s.FirstHeartbeatAt is not null, "a heartbeat");
        var longest = TimeSpan.Zero;

        for (var move = 0; move < moves; move++)
        {
            longest = Longer(longest, await MoveAsync(plain));
            await WorkGoesOnAsync(vm);
            var reads = counted.Reads;
            await WorkGoesOnAsync(vm);
            Assert.Equal(reads, counted.Reads);
            if (move < moves - 1)
            {
                // Back, so that the same guest can move once more; then its reads must come over the server again.
                longest = Longer(longest, await MoveAsync(streamed));
                await WorkGoesOnAsync(vm);
                Assert.True(counted.Reads > reads, "After the move back nothing was read from the server.");
            }
        }

        var after = await vm.WaitForAsync(s => s.LastHeartbeatAt > before.LastHeartbeatAt, "a heartbeat after the moves");
        Assert.Equal((before.BootId, WorkspaceState.Running), (after.BootId, after.State));
        Assert.DoesNotContain("error", vm.SerialText, StringComparison.OrdinalIgnoreCase);
        Assert.True(longest < TimeSpan.FromSeconds(5), $"A move took {longest}.");
        TestContext.Current.SendDiagnosticMessage($"{moves} moves, the longest took {longest.TotalMilliseconds:0} ms");

        async Task<TimeSpan> MoveAsync(OsBase to)
        {
            var begun = TimeProvider.System.GetTimestamp();
            await vm.Machine!.MoveOsDiskAsync(to, Cancellation);
            Assert.Equal(to, vm.Machine.Spec.OsBase);
            return TimeProvider.System.GetElapsedTime(begun);
        }
    }

    [Fact]
    public async Task A_move_that_QEMU_refuses_leaves_the_guest_where_it_was()
    {
        using var images = new TestFolder();
        var (socket, image) = (images.File("nbd.sock"), images.File("image.raw"));
        await WritePatternAsync(image);
        await using var server = NbdServer.Listen(socket, "os", RawFileDevice.Open(image, isReadOnly: true), new NbdServerOptions());
        await using var vm = await TestVm.BootAsync((spec, guest, _) => spec with
        {
            OsBase = new NbdBase(socket, "os"),
            OsBytes = DiskBytes,
            Firmware = guest.Boot($"caisson.verify={PatternMebibytes}"),
        }, Cancellation);
        await vm.WaitForSerialAsync("CAISSON-VERIFY ok");

        var refused = await Assert.ThrowsAsync<MachineException>(() => vm.Machine!.MoveOsDiskAsync(new RawBase(images.File("absent.raw")), Cancellation));

        Assert.Contains("MoveOsDisk of workspace test failed", refused.Message, StringComparison.Ordinal);
        Assert.IsType<NbdBase>(vm.Machine!.Spec.OsBase);
        await WorkGoesOnAsync(vm);
        await vm.Machine.MoveOsDiskAsync(new RawBase(image), Cancellation);
        await WorkGoesOnAsync(vm);
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    /// <summary>Each of the four workers has said once more that all was right.</summary>
    private static async Task WorkGoesOnAsync(TestVm vm)
    {
        var said = vm.SerialText.Length;
        using var limit = new CancellationTokenSource(TestVm.Deadline);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!Enumerable.Range(0, 4).All(worker => vm.SerialText[said..].Contains($" by {worker}", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain("error", vm.SerialText, StringComparison.OrdinalIgnoreCase);
            await tick.WaitForNextTickAsync(limit.Token);
        }
    }

    /// <summary>The pattern of guests/tiny/verify.c, version 0.</summary>
    private static async Task WritePatternAsync(string file)
    {
        var bytes = new byte[PatternMebibytes << 20];
        for (var word = 0; word < bytes.Length / 8; word++)
        {
            var z = ((ulong)word + 1) * 0x9e3779b97f4a7c15;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(word * 8), z ^ (z >> 31));
        }

        await using var image = File.Create(file);
        await image.WriteAsync(bytes, Cancellation);
        image.SetLength(DiskBytes);
    }

    private sealed class CountedDevice(RawFileDevice inner) : IBlockDevice
    {
        private long reads;

        public long Reads => Interlocked.Read(ref reads);

        public long SizeBytes => inner.SizeBytes;

        public bool IsReadOnly => inner.IsReadOnly;

        public bool TryRead(long offset, Span<byte> buffer)
        {
            Interlocked.Increment(ref reads);
            return inner.TryRead(offset, buffer);
        }

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref reads);
            return inner.ReadAsync(offset, buffer, cancellationToken);
        }

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => inner.WriteAsync(offset, buffer, cancellationToken);

        public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public IReadOnlyList<BlockExtent> GetExtents(long offset, long length) => inner.GetExtents(offset, length);
    }
}
