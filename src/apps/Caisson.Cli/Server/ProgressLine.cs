using System.Globalization;
using Caisson.Images;

namespace Caisson.Cli.Server;

/// <summary>One line on standard error that says what is being done, how much, how fast and how long still; silent when nobody watches.</summary>
internal sealed class ProgressLine : IProgress<ImageProgress>
{
    private readonly bool watched = !Console.IsErrorRedirected;
    private readonly Lock gate = new();
    private string last = "";

    public void Report(ImageProgress value)
    {
        if (!watched)
        {
            return;
        }

        var share = value.TotalBytes > 0 ? (double)value.DoneBytes / value.TotalBytes : 0;
        var left = value.Left is { } time ? string.Create(CultureInfo.InvariantCulture, $", {time:m\\:ss} left") : "";
        var line = string.Create(CultureInfo.InvariantCulture, $"\r{value.Step} {share:P0}, {Output.Size((long)value.BytesPerSecond)}/s{left}");
        lock (gate)
        {
            Console.Error.Write(line.PadRight(last.Length));
            last = line;
        }
    }

    public void Finish()
    {
        if (watched && last.Length > 0)
        {
            Console.Error.WriteLine();
        }
    }
}
