namespace Caisson.ControlPlane.Console;

/// <summary>Where the console's pages join the server's host.</summary>
internal static class ConsoleHost
{
    /// <summary>Called before the host is built.</summary>
    public static void AddConsole(this WebApplicationBuilder builder)
    {
    }

    /// <summary>
    /// Called after routing, sign-in and antiforgery are in the pipeline. Every endpoint mapped here needs a sign-in by the fallback
    /// policy unless it says AllowAnonymous (static files must), and answers on the people listener only.
    /// </summary>
    public static void MapConsole(this WebApplication app)
    {
    }
}
