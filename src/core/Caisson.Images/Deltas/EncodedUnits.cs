using System.Collections.Immutable;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Encoded units on their way into a delta: bytes in a temporary file in the order they came, a table of where. Thread-safe.</summary>
internal sealed class EncodedUnits(string file, int count) : IDisposable
{
    private readonly FileStream _file = new(file, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.DeleteOnClose);
    private readonly (DeltaUnit? Unit, long Position)[] _units = new (DeltaUnit?, long)[count];
    private readonly Lock _gate = new();

    public ImmutableArray<DeltaUnit> Units => [.. Enumerable.Range(0, count).Select(number => this[number])];

    /// <summary>A unit that was put.</summary>
    public DeltaUnit this[int number]
    {
        get
        {
            lock (_gate)
            {
                return _units[number].Unit!;
            }
        }
    }

    /// <summary>Keeps the unit, unless a smaller one of its number is here.</summary>
    public void Put(int number, DeltaUnit unit, ReadOnlyMemory<byte> stored)
    {
        lock (_gate)
        {
            if (_units[number].Unit is not { } known || unit.StoredBytes < known.StoredBytes)
            {
                _units[number] = (unit, _file.Position);
                _file.Write(stored.Span);
            }
        }
    }

    /// <summary>Writes all units in the order of their numbers. Nothing may be put any more.</summary>
    public async Task CopyToAsync(Stream target, CancellationToken cancellationToken)
    {
        var buffer = new byte[Limits.MaxUnitPlainBytes];
        foreach (var (unit, position) in _units)
        {
            var stored = buffer.AsMemory(0, unit!.StoredBytes);
            _file.Position = position;
            await _file.ReadExactlyAsync(stored, cancellationToken).ConfigureAwait(false);
            await target.WriteAsync(stored, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _file.Dispose();
}
