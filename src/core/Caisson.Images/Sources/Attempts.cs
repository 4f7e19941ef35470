namespace Caisson.Images;

/// <summary>A copy somebody waits for is not given up at the first broken line: some attempts with growing pauses, then the error.</summary>
internal static class Attempts
{
    private const int Most = 5;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    public static async Task<T> RunAsync<T>(Func<Task<T>> step, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await step().ConfigureAwait(false);
            }
            catch (BlobSourceException e) when (e.Error == BlobSourceError.Away && attempt < Most)
            {
                var pause = e.RetryAfter ?? FirstPause * Math.Pow(2, attempt - 1);
                await Task.Delay((pause < LongestPause ? pause : LongestPause) * (0.75 + (Random.Shared.NextDouble() / 2)), time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
