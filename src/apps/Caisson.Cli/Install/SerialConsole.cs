namespace Caisson.Cli.Install;

/// <summary>Says where a PC without a screen is looked at, and in the journal, what the screen says.</summary>
internal static class SerialConsole
{
    private const string Port = "/dev/ttyS0";

    public static void Say(string sentence)
    {
        var line = $"caisson: install: {sentence}";
        Console.Error.WriteLine(line);
        try
        {
            File.AppendAllText(Port, line + "\r\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Most PCs have no serial port.
        }
    }
}
