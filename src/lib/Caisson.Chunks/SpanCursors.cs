using System.Buffers.Binary;

namespace Caisson.Chunks;

/// <summary>Writes little-endian numbers one after another.</summary>
internal ref struct SpanWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    public int Position { get; private set; }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(_target[Position..]);
        Position += value.Length;
    }

    public void Id(ChunkId value)
    {
        value.WriteTo(_target[Position..]);
        Position += ChunkId.Size;
    }

    public void UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_target[Position..], value);
        Position += 2;
    }

    public void Int32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_target[Position..], value);
        Position += 4;
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_target[Position..], value);
        Position += 8;
    }

    /// <summary>Leaves zeros.</summary>
    public void Skip(int bytes) => Position += bytes;
}

/// <summary>Reads little-endian numbers one after another. Whoever uses it has checked the length.</summary>
internal ref struct SpanReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;

    public int Position { get; private set; }

    public ChunkId Id()
    {
        var id = new ChunkId(_source[Position..]);
        Position += ChunkId.Size;
        return id;
    }

    public int Int32() => (int)UInt32();

    public void Skip(int bytes) => Position += bytes;

    public uint UInt32()
    {
        var value = BinaryPrimitives.ReadUInt32LittleEndian(_source[Position..]);
        Position += 4;
        return value;
    }

    public ulong UInt64()
    {
        var value = BinaryPrimitives.ReadUInt64LittleEndian(_source[Position..]);
        Position += 8;
        return value;
    }
}
