namespace Caisson.Endpoint.Server;

/// <summary>1 s, 2 s, 4 s … 60 s, each with half of it at random, so that a fleet does not come back in step.</summary>
internal sealed class Backoff
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private int failures;

    public void Reset() => failures = 0;

    public TimeSpan Next()
    {
        var whole = TimeSpan.FromSeconds(Math.Min(Longest.TotalSeconds, Math.Pow(2, Math.Min(failures++, 10))));
        return whole * (0.5 + (Random.Shared.NextDouble() / 2));
    }
}
