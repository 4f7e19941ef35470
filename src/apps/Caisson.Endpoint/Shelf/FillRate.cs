namespace Caisson.Endpoint.Shelf;

/// <summary>Bytes per second the background filler may take; written by each desired state, read before each request.</summary>
internal sealed class FillRate
{
    private const long NoLimit = -1;

    private long value = NoLimit;

    /// <summary>Null is no limit.</summary>
    public long? BytesPerSecond
    {
        get => Volatile.Read(ref value) is >= 0 and var limit ? limit : null;
        set => Volatile.Write(ref this.value, value is >= 0 ? value.Value : NoLimit);
    }
}
