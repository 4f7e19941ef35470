using System.Text;
using Caisson.Installing;

namespace Caisson.Cli.Install;

/// <summary>A whole console, drawn anew for each page; plain ANSI, as every Linux console understands it.</summary>
internal sealed class TextScreen
{
    private const string Home = "\e[H", EraseLine = "\e[K", EraseBelow = "\e[J", HideCursor = "\e[?25l", Reset = "\e[0m";

    private string _last = "";

    public void Show(InstallDialog dialog)
    {
        var (columns, rows) = (Console.WindowWidth, Console.WindowHeight);
        var margin = new string(' ', Math.Max(2, (columns - DialogText.Columns) / 2));
        var lines = DialogText.Lines(dialog);
        var screen = new StringBuilder(HideCursor + Home);
        screen.Append(string.Concat(Enumerable.Repeat(EraseLine + "\r\n", Math.Max(1, (rows - 24) / 3))));
        screen.Append(margin).Append("\e[1;34mCaisson\e[0m").Append(System.Globalization.CultureInfo.InvariantCulture, $" {dialog.Release.Version}   \e[90minstallation\e[0m").Append(EraseLine + "\r\n" + EraseLine + "\r\n");
        foreach (var line in lines.Take(rows - 4 - Math.Max(0, (rows - 24) / 3)))
        {
            screen.Append(margin).Append(Colour(line.Tone)).Append(line.Text).Append(Reset + EraseLine + "\r\n");
        }

        screen.Append(EraseBelow);
        var text = screen.ToString();
        if (text != _last)
        {
            Console.Out.Write(text);
            Console.Out.Flush();
            _last = text;
        }
    }

    public static async Task<DialogKey?> ReadAsync(CancellationToken cancel)
    {
        var key = await Task.Run(() => Console.ReadKey(intercept: true), cancel);
        return key.Key switch
        {
            ConsoleKey.Enter => new(KeyKind.Enter),
            ConsoleKey.Escape => new(KeyKind.Escape),
            ConsoleKey.UpArrow => new(KeyKind.Up),
            ConsoleKey.DownArrow => new(KeyKind.Down),
            ConsoleKey.Backspace => new(KeyKind.Backspace),
            _ when !char.IsControl(key.KeyChar) => new(KeyKind.Character, key.KeyChar),
            _ => null,
        };
    }

    /// <summary>What was pressed while nobody asked is no answer.</summary>
    public static void ForgetKeys()
    {
        while (Console.KeyAvailable)
        {
            Console.ReadKey(intercept: true);
        }
    }

    private static string Colour(Tone tone) => tone switch
    {
        Tone.Title => "\e[1m",
        Tone.Dim => "\e[90m",
        Tone.Good => "\e[32m",
        Tone.Warning => "\e[33m",
        Tone.Bad => "\e[31m",
        Tone.Chosen => "\e[1;36m",
        Tone.Typed => "\e[1;37m",
        _ => "",
    };
}
