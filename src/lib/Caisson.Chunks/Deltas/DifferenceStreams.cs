using System.Numerics;

namespace Caisson.Chunks;

/// <summary>
/// What a byte difference consists of: control, a list of steps (three varints: bytes of literals, bytes along the old, and where in the old those
/// begin, as a zigzag distance from where the last step ended); the differences (new minus old, modulo 256, mostly zero); and the literals.
/// </summary>
internal sealed class DifferenceStreams
{
    private readonly List<byte> _control = [];
    private byte[] _differences = [];
    private byte[] _literals = [];
    private int _oldEnd;

    public ReadOnlySpan<byte> Control => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_control);

    public ReadOnlySpan<byte> Differences => _differences.AsSpan(0, DifferenceBytes);

    public ReadOnlySpan<byte> Literals => _literals.AsSpan(0, LiteralBytes);

    public int DifferenceBytes { get; private set; }

    public int LiteralBytes { get; private set; }

    public void Clear()
    {
        _control.Clear();
        (DifferenceBytes, LiteralBytes, _oldEnd) = (0, 0, 0);
    }

    /// <summary>Adds a step.</summary>
    public void Add(ReadOnlySpan<byte> literals, ReadOnlySpan<byte> old, ReadOnlySpan<byte> plain, int oldStart)
    {
        if (literals.IsEmpty && plain.IsEmpty)
        {
            return;
        }

        Varint.Append(_control, (uint)literals.Length);
        Varint.Append(_control, (uint)plain.Length);
        Varint.Append(_control, Varint.ZigZag(oldStart - _oldEnd));
        literals.CopyTo(Grown(ref _literals, LiteralBytes, literals.Length));
        Subtract(plain, old, Grown(ref _differences, DifferenceBytes, plain.Length));
        LiteralBytes += literals.Length;
        DifferenceBytes += plain.Length;
        _oldEnd = oldStart + plain.Length;
    }

    /// <summary>Puts the new bytes together. False: the streams contradict each other or leave the old bytes.</summary>
    public static bool TryJoin(ReadOnlySpan<byte> control, ReadOnlySpan<byte> differences, ReadOnlySpan<byte> literals, ReadOnlySpan<byte> reference, Span<byte> plain)
    {
        var oldEnd = 0L;
        while (!control.IsEmpty)
        {
            if (!TryReadLength(ref control, literals, out var literal) || !TryReadLength(ref control, differences, out var along) || !Varint.TryRead(ref control, out var seek)
                || (long)literal + along > plain.Length)
            {
                return false;
            }

            literals[..literal].CopyTo(plain);
            literals = literals[literal..];
            plain = plain[literal..];
            var start = oldEnd + Varint.UnZigZag(seek);
            if (start < 0 || start > reference.Length - along)
            {
                return false;
            }

            Add(reference.Slice((int)start, along), differences, plain[..along]);
            differences = differences[along..];
            plain = plain[along..];
            oldEnd = start + along;
        }

        return literals.IsEmpty && differences.IsEmpty && plain.IsEmpty;
    }

    private static bool TryReadLength(ref ReadOnlySpan<byte> control, ReadOnlySpan<byte> stream, out int length)
    {
        var holds = Varint.TryRead(ref control, out var value) && value <= (ulong)stream.Length;
        length = holds ? (int)value : 0;
        return holds;
    }

    private static Span<byte> Grown(ref byte[] stream, int used, int more)
    {
        if (stream.Length < used + more)
        {
            Array.Resize(ref stream, (int)BitOperations.RoundUpToPowerOf2((uint)(used + more)));
        }

        return stream.AsSpan(used, more);
    }

    private static void Subtract(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> old, Span<byte> target)
    {
        var at = 0;
        for (; at <= plain.Length - Vector<byte>.Count; at += Vector<byte>.Count)
        {
            (new Vector<byte>(plain[at..]) - new Vector<byte>(old[at..])).CopyTo(target[at..]);
        }

        for (; at < plain.Length; at++)
        {
            target[at] = (byte)(plain[at] - old[at]);
        }
    }

    private static void Add(ReadOnlySpan<byte> old, ReadOnlySpan<byte> differences, Span<byte> target)
    {
        var at = 0;
        for (; at <= target.Length - Vector<byte>.Count; at += Vector<byte>.Count)
        {
            (new Vector<byte>(old[at..]) + new Vector<byte>(differences[at..])).CopyTo(target[at..]);
        }

        for (; at < target.Length; at++)
        {
            target[at] = (byte)(old[at] + differences[at]);
        }
    }
}
