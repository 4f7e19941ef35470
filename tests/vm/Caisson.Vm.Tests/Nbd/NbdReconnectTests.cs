using System.Diagnostics;
using Caisson.Nbd;

namespace Caisson.Vm.Tests.Nbd;

/// <summary>caissond may die while a workspace streams: QEMU's block layer waits for the next server and never sees an error.</summary>
public sealed class NbdReconnectTests
{
    [Fact]
    public async Task A_read_that_was_under_way_when_the_server_died_is_answered_by_the_next_one()
    {
        var folder = Directory.CreateTempSubdirectory("nbd");
        try
        {
            var (path, socket) = (Path.Combine(folder.FullName, "disk.raw"), Path.Combine(folder.FullName, "s"));
            var bytes = new byte[1 << 20];
            Array.Fill(bytes, (byte)0x42);
            File.WriteAllBytes(path, bytes);
            using var file = RawFileDevice.Open(path, isReadOnly: true);
            var never = new NeverThereDevice(file);
            var first = NbdServer.Listen(socket, "disk", never, new NbdServerOptions());

            using var client = Process.Start(new ProcessStartInfo(
                "qemu-io",
                ["-r", "--image-opts", $"driver=nbd,server.type=unix,server.path={socket},export=disk,reconnect-delay=60", "-c", "read -P 0x42 64k 128k", "-c", "read -P 0x42 0 4k"])
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            })!;
            await never.Asked.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            await first.DisposeAsync();
            Assert.False(client.HasExited);

            await using var second = NbdServer.Listen(socket, "disk", file, new NbdServerOptions());
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var output = await client.StandardOutput.ReadToEndAsync(deadline.Token);
            await client.WaitForExitAsync(deadline.Token);
            Assert.Equal(0, client.ExitCode);
            Assert.Contains("read 131072/131072 bytes at offset 65536", output, StringComparison.Ordinal);
            Assert.DoesNotContain("failed", output, StringComparison.OrdinalIgnoreCase);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Its beginning is here, for a client that looks for a format; the rest never comes.</summary>
    private sealed class NeverThereDevice(RawFileDevice file) : IBlockDevice
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Asked => _asked.Task;

        public long SizeBytes => file.SizeBytes;

        public bool IsReadOnly => true;

        public bool TryRead(long offset, Span<byte> buffer) => offset < 65536 && file.TryRead(offset, buffer);

        public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            _asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public IReadOnlyList<BlockExtent> GetExtents(long offset, long length) => file.GetExtents(offset, length);
    }
}
