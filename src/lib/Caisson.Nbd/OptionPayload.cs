using System.Buffers.Binary;
using System.Text;

namespace Caisson.Nbd;

/// <summary>Data of NBD_OPT_INFO and NBD_OPT_GO: which export, and what the client wants to know about it.</summary>
internal sealed record ExportChoice(string Name, bool WantsName)
{
    /// <summary>False: lengths that do not fit each other.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> data, out ExportChoice choice)
    {
        choice = new ExportChoice("", WantsName: false);
        var reader = new OptionReader(data);
        if (!reader.TryString(out var name) || !reader.TryUInt16(out var count) || reader.Remaining != count * 2)
        {
            return false;
        }

        var wantsName = false;
        while (reader.TryUInt16(out var info))
        {
            wantsName |= info == (ushort)InfoKind.Name;
        }

        choice = new ExportChoice(name, wantsName);
        return true;
    }
}

/// <summary>Data of NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT.</summary>
internal sealed record MetaContextQuery(string Export, IReadOnlyList<string> Queries)
{
    /// <summary>False: lengths that do not fit each other.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> data, out MetaContextQuery query)
    {
        var queries = new List<string>();
        query = new MetaContextQuery("", queries);
        var reader = new OptionReader(data);
        if (!reader.TryString(out var export) || !reader.TryUInt32(out var count))
        {
            return false;
        }

        // Every query takes four bytes at least, so the data's length bounds this loop whatever the count says.
        for (var i = 0u; i < count; i++)
        {
            if (!reader.TryString(out var text))
            {
                return false;
            }

            queries.Add(text);
        }

        query = new MetaContextQuery(export, queries);
        return reader.Remaining == 0;
    }

    /// <summary>
    /// Does this select base:allocation? Section "The base: metadata namespace": "base:" is a wildcard when listing
    /// and selects nothing when setting; no query at all lists everything and sets nothing.
    /// </summary>
    internal bool SelectsAllocation(bool isListing) =>
        (isListing && Queries.Count == 0)
        || Queries.Any(q => q == Wire.AllocationContext || (isListing && q == "base:"));
}

/// <summary>Reads option data without ever going past its end.</summary>
internal ref struct OptionReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    internal readonly int Remaining => _rest.Length;

    internal bool TryUInt16(out ushort value)
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(_rest, out value))
        {
            return false;
        }

        _rest = _rest[sizeof(ushort)..];
        return true;
    }

    internal bool TryUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_rest, out value))
        {
            return false;
        }

        _rest = _rest[sizeof(uint)..];
        return true;
    }

    /// <summary>A 32-bit length and that many bytes of UTF-8.</summary>
    internal bool TryString(out string value)
    {
        value = "";
        if (!TryUInt32(out var length) || length > Wire.MaxString || length > _rest.Length)
        {
            return false;
        }

        value = Encoding.UTF8.GetString(_rest[..(int)length]);
        _rest = _rest[(int)length..];
        return true;
    }
}
