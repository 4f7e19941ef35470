using Microsoft.Win32.SafeHandles;

namespace Caisson.Images.Tests;

/// <summary>
/// A disk that keeps what is written in a cache until it is told to sync, and at a power cut loses any of it: each 512 byte sector of what was not
/// synced is there or not, as the dice fall. A map is whole, old or new, and durable once saved (rename and fsync do that).
/// </summary>
internal sealed class SimulatedDisk(int bytes, Random dice) : IImageDisk
{
    private const int Sector = 512;

    private readonly byte[] _durable = new byte[bytes];
    private readonly byte[] _seen = new byte[bytes];
    private readonly HashSet<int> _dirty = [];

    /// <summary>How many more operations the power lasts.</summary>
    public int Life { get; set; } = int.MaxValue;

    public byte[] Map { get; private set; } = [];

    public void Read(long offset, Span<byte> buffer) => _seen.AsSpan((int)offset, buffer.Length).CopyTo(buffer);

    public void Write(long offset, ReadOnlySpan<byte> written)
    {
        Live();
        written.CopyTo(_seen.AsSpan((int)offset));
        for (var sector = (int)offset / Sector; sector * Sector < offset + written.Length; sector++)
        {
            _dirty.Add(sector);
        }
    }

    public bool TryShare(SafeFileHandle source, long sourceOffset, int length, long offset) => false;

    public void Sync()
    {
        Live();
        foreach (var sector in _dirty)
        {
            Keep(sector);
        }

        _dirty.Clear();
    }

    public void SaveMap(ReadOnlySpan<byte> map)
    {
        Live();
        Map = map.ToArray();
    }

    /// <summary>The disk as the next boot finds it.</summary>
    public byte[] CutPower()
    {
        foreach (var sector in _dirty.Where(_ => dice.Next(2) == 0))
        {
            Keep(sector);
        }

        return _durable;
    }

    public void Dispose()
    {
    }

    private void Keep(int sector)
    {
        var range = Math.Min(Sector, _seen.Length - (sector * Sector));
        _seen.AsSpan(sector * Sector, range).CopyTo(_durable.AsSpan(sector * Sector));
    }

    private void Live()
    {
        if (Life-- <= 0)
        {
            throw new PowerCutException();
        }
    }

    internal sealed class PowerCutException : Exception;
}
