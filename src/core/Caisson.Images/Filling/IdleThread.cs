namespace Caisson.Images;

/// <summary>Work on a thread of its own that gives way to every other, for processor and disk; it ends with the work, so that nothing else inherits that.</summary>
internal static class IdleThread
{
    public static Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            Posix.MakeThreadIdle();
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true, Name = "image care" };
        thread.Start();
        return done.Task;
    }
}
