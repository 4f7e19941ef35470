using System.Buffers;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Several sources in order, for example medium, site cache, server. The first that has a blob gives it. One that is away is left alone for a
/// while, one that is unusually slow is overtaken by the next, and one that gave wrong bytes of a blob is asked for that blob again only when
/// no other has it. What all of them lack is missing.
/// </summary>
public sealed class SourceChain : IBlobSource
{
    /// <summary>Lists of referrers are joined; nobody is waited for longer than this while another has answered.</summary>
    private static readonly TimeSpan ReferrersLimit = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly TrackedSource[] _sources;

    public SourceChain(IEnumerable<IBlobSource> sources, TimeProvider time)
    {
        _time = time;
        _sources = [.. sources.Select(source => new TrackedSource(source, time))];
        if (_sources.Length == 0)
        {
            throw new ArgumentException("A chain needs a source.", nameof(sources));
        }
    }

    public string Name => string.Join(", ", _sources.Select(source => source.Name));

    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) =>
        new Overtaking<byte[]>(InOrder(reference), 0, _time).RunAsync((source, token) => ReadCheckedAsync(source, reference, token), cancellationToken);

    public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var sources = InOrder(digest);
        if (sources is [var only])
        {
            return await only.ReadRangeAsync(digest, offset, buffer, cancellationToken).ConfigureAwait(false);
        }

        // Each writes to a buffer of its own: one that was overtaken may still write for a while.
        var race = new Overtaking<(IBlobSource Giver, byte[] Bytes)>(sources, buffer.Length, _time) { Discard = late => ArrayPool<byte>.Shared.Return(late.Bytes) };
        var (giver, bytes) = await race.RunAsync((source, token) => ReadRentedAsync(source, digest, offset, buffer.Length, token), cancellationToken).ConfigureAwait(false);
        bytes.AsSpan(0, buffer.Length).CopyTo(buffer.Span);
        ArrayPool<byte>.Shared.Return(bytes);
        return giver;
    }

    /// <summary>What any of them names: a medium may have a delta the server has not, and the other way round.</summary>
    public async Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken); // The caller, or the time limit.
        if (_sources.Length > 1)
        {
            limit.CancelAfter(ReferrersLimit);
        }

        var answers = await Task.WhenAll(InOrder(digest).Select(source => TryListAsync(source, digest, artifactType, limit.Token))).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return Array.Exists(answers, answer => answer.List is not null)
            ? [.. answers.SelectMany(answer => answer.List ?? []).DistinctBy(entry => entry.Digest)]
            : throw answers[0].Failure ?? new BlobSourceException(BlobSourceError.Away, $"None of {Name} answers.");
    }

    /// <summary>The givers are told themselves; nobody gets bytes from the chain as such.</summary>
    public void Reject(string digest)
    {
    }

    /// <exception cref="BlobSourceException">Away: all asked to be left alone.</exception>
    private List<TrackedSource> InOrder(string digest)
    {
        var willing = _sources.Where(source => !source.AskedForRest).OrderBy(source => source.IsDistrusted(digest)).ThenBy(source => source.RestLeft > TimeSpan.Zero).ToList();
        return willing.Count > 0 ? willing : throw new BlobSourceException(BlobSourceError.Away, $"{Name} is too busy and asks to be left alone for a while.")
        {
            RetryAfter = _sources.Min(source => source.RestLeft),
        };
    }

    private static async Task<byte[]> ReadCheckedAsync(TrackedSource source, string reference, CancellationToken cancellationToken)
    {
        var bytes = await source.ReadManifestAsync(reference, cancellationToken).ConfigureAwait(false);
        if (ChunkId.TryParseDigest(reference, out var id) && ChunkId.Of(bytes) != id)
        {
            source.Reject(reference);
            throw new BlobSourceException(BlobSourceError.Invalid, $"{source.Name} gave other bytes for the manifest {reference}.");
        }

        return bytes;
    }

    private static async Task<(IBlobSource Giver, byte[] Bytes)> ReadRentedAsync(TrackedSource source, string digest, long offset, int length, CancellationToken cancellationToken)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            return (await source.ReadRangeAsync(digest, offset, bytes.AsMemory(0, length), cancellationToken).ConfigureAwait(false), bytes);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(bytes);
            throw;
        }
    }

    private static async Task<(IReadOnlyList<OciDescriptor>? List, BlobSourceException? Failure)> TryListAsync(TrackedSource source, string digest, string artifactType, CancellationToken limit)
    {
        try
        {
            return (await source.ListReferrersAsync(digest, artifactType, limit).WaitAsync(limit).ConfigureAwait(false), null);
        }
        catch (BlobSourceException e)
        {
            return (null, e);
        }
        catch (OperationCanceledException)
        {
            return (null, null);
        }
    }
}
