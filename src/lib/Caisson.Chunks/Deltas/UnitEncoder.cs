using System.Buffers.Binary;

namespace Caisson.Chunks;

/// <summary>How much work a delta may cost its maker.</summary>
public enum DeltaEffort
{
    /// <summary>zstd 9 against the old bytes: for less than casync spends on the same image.</summary>
    Fast,

    /// <summary>zstd 19 and LZMA: a seventh smaller for fifteen times the work; for when the fast one is out already.</summary>
    Small,
}

/// <summary>Encodes units the smallest way. Keeps its buffers; one thread at a time.</summary>
public sealed class UnitEncoder(DeltaEffort effort) : IDisposable
{
    /// <summary>A window that spans the largest prefix and unit together.</summary>
    private const int WindowLog = 24;

    /// <summary>Tables that stay in a core's cache find what is near; what is far, the search for long matches finds. For time; what it costs in bytes is in docs/adr/0011.</summary>
    private const int FastTableLog = 20;

    private readonly ZstdCodec _zstd = effort == DeltaEffort.Fast ? new(9, WindowLog, hasLongMatches: true, FastTableLog) : new(19, WindowLog, hasLongMatches: true);
    private readonly ByteDifference _difference = new();
    private byte[] _best = new byte[Limits.MaxUnitPlainBytes];
    private byte[] _trial = new byte[Limits.MaxUnitPlainBytes];

    /// <param name="reference">Old bytes that resemble the new ones; may be empty.</param>
    /// <returns>How, and the bytes, which stay until the next call.</returns>
    public (DeltaEncoding Encoding, ReadOnlyMemory<byte> Stored) Encode(ReadOnlySpan<byte> reference, ReadOnlySpan<byte> plain)
    {
        var best = (Encoding: DeltaEncoding.Stored, Length: plain.Length);
        plain.CopyTo(_best);
        Offer(reference.IsEmpty ? DeltaEncoding.Zstd : DeltaEncoding.ZstdPrefix, _zstd.Encode(reference, plain, _trial.AsSpan(0, best.Length)), ref best);
        if (effort == DeltaEffort.Small)
        {
            EncodeSmall(reference, plain, ref best);
        }

        return (best.Encoding, _best.AsMemory(0, best.Length));
    }

    public void Dispose() => _zstd.Dispose();

    private void EncodeSmall(ReadOnlySpan<byte> reference, ReadOnlySpan<byte> plain, ref (DeltaEncoding Encoding, int Length) best)
    {
        Offer(DeltaEncoding.Lzma, Lzma.Encode(reference, plain, _trial.AsSpan(0, best.Length), 9), ref best);
        if (reference.IsEmpty)
        {
            return;
        }

        _difference.Split(reference, plain);
        if (_difference.Streams.DifferenceBytes > 0)
        {
            Offer(DeltaEncoding.ByteDifference, EncodeDifference(reference, best.Length, (prefix, part, target) => _zstd.Encode(prefix, part, target)), ref best);
            Offer(DeltaEncoding.LzmaByteDifference, EncodeDifference(reference, best.Length, (prefix, part, target) => Lzma.Encode(prefix, part, target, 9)), ref best);
        }
    }

    private void Offer(DeltaEncoding encoding, int length, ref (DeltaEncoding Encoding, int Length) best)
    {
        if (length > 0 && length < best.Length)
        {
            best = (encoding, length);
            (_best, _trial) = (_trial, _best);
        }
    }

    private delegate int EncodeStream(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> plain, Span<byte> stored);

    /// <returns>0: not smaller than <paramref name="limit"/>.</returns>
    private int EncodeDifference(ReadOnlySpan<byte> reference, int limit, EncodeStream encode)
    {
        var streams = _difference.Streams;
        var target = _trial.AsSpan(0, limit);
        if (limit <= UnitDecoder.DifferenceHeaderBytes)
        {
            return 0;
        }

        var at = UnitDecoder.DifferenceHeaderBytes;
        var control = encode([], streams.Control, target[at..]);
        at += control;
        var differences = control == 0 || at == limit ? 0 : encode([], streams.Differences, target[at..]);
        at += differences;
        var literals = differences == 0 || streams.LiteralBytes == 0 || at == limit ? 0 : encode(reference, streams.Literals, target[at..]);
        if (control == 0 || differences == 0 || (literals == 0 && streams.LiteralBytes > 0))
        {
            return 0;
        }

        BinaryPrimitives.WriteInt32LittleEndian(target, streams.Control.Length);
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], control);
        BinaryPrimitives.WriteInt32LittleEndian(target[8..], streams.LiteralBytes);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], literals);
        return at + literals;
    }
}
