namespace Caisson.Endpoint.Appliance;

/// <summary>A line for the journal, and for the serial console: what support asks for first, and what a test waits for.</summary>
internal static class ConsoleLine
{
    private const string Serial = "/dev/ttyS0";

    public static void Say(string line)
    {
        Console.WriteLine($"caisson: {line}");
        try
        {
            if (File.Exists(Serial))
            {
                using var serial = new FileStream(Serial, FileMode.Open, FileAccess.Write);
                serial.Write(System.Text.Encoding.UTF8.GetBytes($"caisson: {line}\r\n"));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A PC without a serial port has a node of that name all the same.
        }
    }
}
