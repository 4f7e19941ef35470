using System.Collections.Concurrent;

namespace Caisson.Images;

/// <summary>
/// Adds a memory to a source: how fast it usually is, whether it should be left alone for now, and of which blobs it gave wrong bytes.
/// </summary>
internal sealed class TrackedSource(IBlobSource inner, TimeProvider time) : IBlobSource
{
    /// <summary>A blob it gave wrong is not asked of it again for so long, if anybody else has it.</summary>
    private static readonly TimeSpan DistrustTime = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    /// <summary>A source may ask to be left alone longer than we rest it, but not for ever.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(5);

    /// <summary>Before anything is known: a fast answer, then some 200 KB/s.</summary>
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(1.5);

    /// <summary>A source is overtaken when it takes so many times as long as it used to.</summary>
    private const double SlowFactor = 4;

    /// <summary>Weight of the newest read in what is usual.</summary>
    private const double Smoothing = 0.2;

    /// <summary>What a request costs beside its bytes, in bytes: so small and large reads can be held against each other.</summary>
    private const int RequestWeight = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, long> _distrusted = new(StringComparer.Ordinal);
    private double? _secondsPerByte;
    private int _failures;
    private long _restBegan;
    private TimeSpan _restTime;
    private bool _wasAsked;

    public string Name => inner.Name;

    /// <summary>Time until it should be asked again; zero or less: now.</summary>
    public TimeSpan RestLeft
    {
        get
        {
            lock (_gate)
            {
                return Left();
            }
        }
    }

    /// <summary>True: it rests because it asked to be left alone.</summary>
    public bool AskedForRest
    {
        get
        {
            lock (_gate)
            {
                return _wasAsked && Left() > TimeSpan.Zero;
            }
        }
    }

    public bool IsDistrusted(string digest)
    {
        if (!_distrusted.TryGetValue(digest, out var since))
        {
            return false;
        }

        if (time.GetElapsedTime(since) < DistrustTime)
        {
            return true;
        }

        _distrusted.TryRemove(digest, out _);
        return false;
    }

    /// <summary>How long it may take over so many bytes before the next source is asked too.</summary>
    public TimeSpan Patience(int bytes)
    {
        lock (_gate)
        {
            var usual = _secondsPerByte is { } known ? TimeSpan.FromSeconds(known * (bytes + RequestWeight) * SlowFactor) : FirstPatience + TimeSpan.FromSeconds(bytes / 200_000.0);
            return usual < LeastPatience ? LeastPatience : usual;
        }
    }

    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => TrackAsync(() => inner.ReadManifestAsync(reference, cancellationToken));

    public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        await TrackAsync(() => inner.ReadRangeAsync(digest, offset, buffer, cancellationToken)).ConfigureAwait(false);
        var took = time.GetElapsedTime(started).TotalSeconds / (buffer.Length + RequestWeight);
        lock (_gate)
        {
            _secondsPerByte = _secondsPerByte is { } known ? known + (Smoothing * (took - known)) : took;
        }

        return this;
    }

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
        TrackAsync(() => inner.ListReferrersAsync(digest, artifactType, cancellationToken));

    public void Reject(string digest)
    {
        _distrusted[digest] = time.GetTimestamp();
        inner.Reject(digest);
    }

    /// <summary>Another was there first, although this one was asked before: it is as good as away.</summary>
    public void Overtaken() => Rest(null);

    private TimeSpan Left() => _restTime == TimeSpan.Zero ? TimeSpan.Zero : _restTime - time.GetElapsedTime(_restBegan);

    private async Task<T> TrackAsync<T>(Func<Task<T>> read)
    {
        try
        {
            var result = await read().ConfigureAwait(false);
            Recover();
            return result;
        }
        catch (BlobSourceException e) when (e.Error is BlobSourceError.Away or BlobSourceError.Refused)
        {
            Rest(e.RetryAfter);
            throw;
        }
        catch (BlobSourceException)
        {
            Recover();
            throw;
        }
    }

    private void Recover()
    {
        lock (_gate)
        {
            (_failures, _wasAsked, _restTime) = (0, false, TimeSpan.Zero);
        }
    }

    private void Rest(TimeSpan? asked)
    {
        lock (_gate)
        {
            var own = Math.Min(LongestRest.TotalSeconds, FirstRest.TotalSeconds * Math.Pow(2, Math.Min(_failures++, 10)));
            var rest = asked is { } wish ? Math.Min(wish.TotalSeconds, LongestRetryAfter.TotalSeconds) : own;

            // A fleet that lost the same source at the same moment does not come back to it at the same moment.
            rest *= 1 + (Random.Shared.NextDouble() / 4);
            (_wasAsked, _restBegan, _restTime) = (asked is not null, time.GetTimestamp(), TimeSpan.FromSeconds(rest));
        }
    }
}
