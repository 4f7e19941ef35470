namespace Caisson.Nbd;

/// <summary>Zeroing for a device, or a file system, that has nothing better than writing.</summary>
internal static class Zeros
{
    private static readonly ReadOnlyMemory<byte> Piece = new byte[1 << 20];

    internal static async ValueTask WriteAsync(IBlockDevice device, long offset, long length, CancellationToken cancellationToken)
    {
        for (var done = 0L; done < length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = (int)Math.Min(Piece.Length, length - done);
            await device.WriteAsync(offset + done, Piece[..part], cancellationToken).ConfigureAwait(false);
            done += part;
        }
    }
}
