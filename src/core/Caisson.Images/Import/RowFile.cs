using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// Rows of one size in a file. One thread appends and reads; rows it has not flushed yet are found in a small buffer, so memory stays the same
/// however many there are. What was flushed may be synced by another thread.
/// </summary>
internal sealed class RowFile : IDisposable
{
    private const int BufferedRows = 4096;

    private readonly SafeFileHandle _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer;
    private readonly int _rowBytes;
    private int _flushed;
    private int _buffered;

    private RowFile(SafeFileHandle file, int rowBytes)
    {
        _file = file;
        _rowBytes = rowBytes;
        _buffer = new byte[BufferedRows * rowBytes];
    }

    public int Count => _flushed + _buffered;

    /// <summary>Opens the rows up to <paramref name="at"/> and drops what lies behind them.</summary>
    /// <exception cref="InvalidDataException">They are not the rows that were marked.</exception>
    public static RowFile Open(string path, int rowBytes, RowMark at)
    {
        var rows = new RowFile(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite), rowBytes);
        if (RandomAccess.GetLength(rows._file) < (long)at.Count * rowBytes)
        {
            rows.Dispose();
            throw new InvalidDataException($"{path} is shorter than it was when the import was interrupted.");
        }

        RandomAccess.SetLength(rows._file, (long)at.Count * rowBytes);
        while (rows._flushed < at.Count)
        {
            var part = rows._buffer.AsSpan(0, Math.Min(BufferedRows, at.Count - rows._flushed) * rowBytes);
            RawFile.Read(rows._file, (long)rows._flushed * rowBytes, part);
            rows._hash.AppendData(part);
            rows._flushed += part.Length / rowBytes;
        }

        if (rows.Flush() != at)
        {
            rows.Dispose();
            throw new InvalidDataException($"{path} is not what it was when the import was interrupted.");
        }

        return rows;
    }

    /// <summary>A new row to be filled before the next call.</summary>
    public Span<byte> Append()
    {
        if (_buffered == BufferedRows)
        {
            Flush();
        }

        return _buffer.AsSpan(_buffered++ * _rowBytes, _rowBytes);
    }

    public void Read(int number, Span<byte> row)
    {
        if (number >= _flushed)
        {
            _buffer.AsSpan((number - _flushed) * _rowBytes, row.Length).CopyTo(row);
            return;
        }

        RawFile.Read(_file, (long)number * _rowBytes, row);
    }

    /// <summary>All rows, in order; many at a time, each call of <paramref name="visit"/> with one.</summary>
    public void ForEach(RowVisitor visit)
    {
        Flush();
        var part = new byte[BufferedRows * _rowBytes];
        for (var first = 0; first < _flushed; first += BufferedRows)
        {
            var count = Math.Min(BufferedRows, _flushed - first);
            RawFile.Read(_file, (long)first * _rowBytes, part.AsSpan(0, count * _rowBytes));
            for (var i = 0; i < count; i++)
            {
                visit(first + i, part.AsSpan(i * _rowBytes, _rowBytes));
            }
        }
    }

    /// <summary>Hands all rows to the kernel.</summary>
    /// <returns>How many there are, and the hash over them.</returns>
    public RowMark Flush()
    {
        var part = _buffer.AsSpan(0, _buffered * _rowBytes);
        RandomAccess.Write(_file, part, (long)_flushed * _rowBytes);
        _hash.AppendData(part);
        (_flushed, _buffered) = (Count, 0);
        return new RowMark(_flushed, Convert.ToHexStringLower(_hash.GetCurrentHash()));
    }

    /// <summary>Makes what was flushed durable.</summary>
    public void Sync() => Posix.SyncData(_file);

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }
}

/// <summary>Sees one row, which is only good during the call.</summary>
internal delegate void RowVisitor(int number, ReadOnlySpan<byte> row);

/// <summary>A place in a row file: so many rows, which hash to this.</summary>
internal sealed record RowMark(int Count, string Hash)
{
    public static readonly RowMark Empty = new(0, Convert.ToHexStringLower(SHA256.HashData([])));
}
