using Spectre.Console;

namespace Caisson.Demo;

/// <summary>
/// Says what is going on, on standard error: a bar for each long step on a terminal, a line now and then elsewhere.
/// Standard output stays free for the result.
/// </summary>
internal sealed class Progress(TimeProvider time)
{
    private static readonly TimeSpan QuietFor = TimeSpan.FromSeconds(15);
    private readonly IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    public void Say(string line) => Console.Error.WriteLine(line);

    /// <summary>Runs one long step. <paramref name="work"/> reports a fraction from 0 to 1 (or less than 0: not known) and words.</summary>
    public async Task<T> StepAsync<T>(string title, Func<Action<double, string>, Task<T>> work)
    {
        var started = time.GetTimestamp();
        if (Console.IsErrorRedirected)
        {
            return await PlainStepAsync(title, work, started);
        }

        var result = default(T)!;
        await console.Progress()
            .AutoClear(enabled: false)
            .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask(Markup.Escape(title), maxValue: 1);
                bar.IsIndeterminate = true;
                result = await work((fraction, words) =>
                {
                    bar.IsIndeterminate = fraction < 0;
                    bar.Value = Math.Max(fraction, 0);
                    bar.Description = Markup.Escape(words.Length == 0 ? title : $"{title}: {words}");
                });
                bar.IsIndeterminate = false;
                bar.Value = 1;
                bar.Description = Markup.Escape(title);
            });
        return result;
    }

    public Task StepAsync(string title, Func<Action<double, string>, Task> work) =>
        StepAsync(title, async report =>
        {
            await work(report);
            return true;
        });

    private async Task<T> PlainStepAsync<T>(string title, Func<Action<double, string>, Task<T>> work, long started)
    {
        Say($"== {title}");
        var last = started;
        var result = await work((fraction, words) =>
        {
            if (time.GetElapsedTime(last) >= QuietFor)
            {
                last = time.GetTimestamp();
                Say($"   {(fraction < 0 ? "" : fraction.ToString("P0", System.Globalization.CultureInfo.InvariantCulture) + " ")}{words}");
            }
        });
        Say($"   done in {time.GetElapsedTime(started).TotalSeconds:F0} s");
        return result;
    }
}
