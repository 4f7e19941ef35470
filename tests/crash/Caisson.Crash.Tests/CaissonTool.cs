using System.Diagnostics;

namespace Caisson.Crash.Tests;

/// <summary>The built <c>caisson</c>, and the program that does the same in smaller steps.</summary>
internal static class CaissonTool
{
    /// <param name="plant">Environment that puts a bug into the command; null for none.</param>
    public static async Task RunAsync(IReadOnlyDictionary<string, string>? plant, params string[] arguments)
    {
        using var process = Tool.Start(Path.Combine(AppContext.BaseDirectory, "caisson"), arguments, plant);
        await Tool.EndAsync(process, _ => { });
    }

    public static Process StartSlow(IReadOnlyDictionary<string, string>? plant, params string[] arguments) =>
        Tool.Start(Path.Combine(AppContext.BaseDirectory, "caisson-test-filler"), arguments, plant);

    /// <summary>Starts the slow program and kills it as soon as it has come so far.</summary>
    /// <param name="isFar">Asked again and again.</param>
    /// <returns>False: it ended before.</returns>
    public static async Task<bool> KillOnceAsync(Func<bool> isFar, IReadOnlyDictionary<string, string>? plant, params string[] arguments)
    {
        using var process = StartSlow(plant, arguments);
        var ending = Tool.EndAsync(process, _ => { });
        while (!process.HasExited)
        {
            if (isFar())
            {
                process.Kill();
                await ((Task)ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return true;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken);
        }

        await ending;
        return false;
    }
}
