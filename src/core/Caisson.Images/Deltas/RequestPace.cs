namespace Caisson.Images;

/// <summary>How much to ask for at once, so that a request takes about a second: little is lost when it is cut, and few are needed on a fast line.</summary>
internal sealed class RequestPace(TimeProvider time)
{
    private const int Least = 64 * 1024;
    private const int Most = 4 * 1024 * 1024;
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(1.5);

    public int Bytes { get; private set; } = 4 * Least;

    public async Task RunAsync(Func<Task> request)
    {
        var began = time.GetTimestamp();
        await request().ConfigureAwait(false);
        var took = time.GetElapsedTime(began);
        Bytes = took < Short ? Math.Min(Most, Bytes * 2) : took > Long ? Math.Max(Least, Bytes / 2) : Bytes;
    }
}
