using System.Buffers;

namespace Caisson.Chunks;

/// <summary>Decodes units. Keeps its buffers; one thread at a time. What comes out is compared with the chunks' ids by the caller.</summary>
public sealed class UnitDecoder : IDisposable
{
    /// <summary>control plain, control stored, literals plain, literals stored (u32 each); then control, literals, differences… see the format.</summary>
    internal const int DifferenceHeaderBytes = 16;

    private readonly ZstdCodec _zstd = new(1);

    private delegate bool DecodeStream(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stored, Span<byte> plain);

    /// <param name="reference">The bytes of the unit's regions, one after another.</param>
    /// <param name="plain">As long as the unit's table says.</param>
    /// <exception cref="ChunkException">Invalid: the unit does not decode to exactly the length of <paramref name="plain"/>.</exception>
    public void Decode(DeltaEncoding encoding, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        var isDecoded = encoding switch
        {
            DeltaEncoding.Stored => stored.Length == plain.Length && stored.TryCopyTo(plain),
            DeltaEncoding.Zstd => _zstd.TryDecode([], stored, plain),
            DeltaEncoding.ZstdPrefix => _zstd.TryDecode(reference, stored, plain),
            DeltaEncoding.ByteDifference => TryDecodeDifference(_zstd.TryDecode, reference, stored, plain),
            DeltaEncoding.Lzma => Lzma.TryDecode(reference, stored, plain),
            DeltaEncoding.LzmaByteDifference => TryDecodeDifference(Lzma.TryDecode, reference, stored, plain),
            _ => false,
        };
        if (!isDecoded)
        {
            throw new ChunkException(ChunkError.Invalid, "A unit of the delta does not decode to the length its table names: delta or old image are damaged.");
        }
    }

    public void Dispose() => _zstd.Dispose();

    private static bool TryDecodeDifference(DecodeStream decode, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        if (stored.Length < DifferenceHeaderBytes)
        {
            return false;
        }

        var header = new SpanReader(stored);
        var (controlPlain, controlStored, literalsPlain, literalsStored) = (header.Int32(), header.Int32(), header.Int32(), header.Int32());
        var differencesStored = (long)stored.Length - DifferenceHeaderBytes - controlStored - literalsStored;
        if (controlPlain is < 0 || controlPlain > plain.Length + 64 || controlStored < 0 || literalsPlain < 0 || literalsPlain > plain.Length || literalsStored < 0 || differencesStored < 0)
        {
            return false;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(controlPlain + plain.Length);
        try
        {
            var control = buffer.AsSpan(0, controlPlain);
            var literals = buffer.AsSpan(controlPlain, literalsPlain);
            var differences = buffer.AsSpan(controlPlain + literalsPlain, plain.Length - literalsPlain);
            var streams = stored[DifferenceHeaderBytes..];
            return decode([], streams[..controlStored], control)
                && decode([], streams.Slice(controlStored, (int)differencesStored), differences)
                && (literalsPlain == 0 ? literalsStored == 0 : decode(reference, streams[^literalsStored..], literals))
                && DifferenceStreams.TryJoin(control, differences, literals, reference, plain);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
