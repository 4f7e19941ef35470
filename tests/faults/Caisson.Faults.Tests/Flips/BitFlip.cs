namespace Caisson.Faults.Tests.Flips;

/// <summary>One bit of a file, flipped until this is disposed.</summary>
internal sealed class BitFlip : IDisposable
{
    private readonly string _file;
    private readonly long _offset;
    private readonly byte _mask;

    public BitFlip(string file, Random random)
    {
        (_file, _offset, _mask) = (file, random.NextInt64(new FileInfo(file).Length), (byte)(1 << random.Next(8)));
        Flip();
    }

    /// <summary>Flips a bit and leaves it so.</summary>
    public static void Leave(string file, Random random) => _ = new BitFlip(file, random);

    public override string ToString() => $"The flip of bits {_mask:x2} of byte {_offset}";

    /// <summary>Flips it back, if the file is still there.</summary>
    public void Dispose()
    {
        if (File.Exists(_file))
        {
            Flip();
        }
    }

    private void Flip()
    {
        using var file = File.OpenHandle(_file, access: FileAccess.ReadWrite);
        Span<byte> value = stackalloc byte[1];
        _ = RandomAccess.Read(file, value, _offset);
        value[0] ^= _mask;
        RandomAccess.Write(file, value, _offset);
    }
}
