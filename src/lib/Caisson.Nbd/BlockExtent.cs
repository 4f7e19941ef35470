namespace Caisson.Nbd;

/// <summary>One run of a device in one state, as block status reports it.</summary>
/// <param name="Length">Bytes in this run, more than zero.</param>
/// <param name="IsHole">True: the run reads as zero and nothing is stored for it. False: it may hold data, here or at its source.</param>
public readonly record struct BlockExtent(long Length, bool IsHole);
