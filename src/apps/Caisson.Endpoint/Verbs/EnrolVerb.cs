using Caisson.Endpoint.Identity;
using Caisson.Protocol;

namespace Caisson.Endpoint.Verbs;

/// <summary>The token comes by file or standard input, never by argument: arguments are seen by every user of the PC.</summary>
internal static class EnrolVerb
{
    private const int LongestToken = 64 * 1024;

    public static async Task<int> RunAsync(string dataFolder, string tokenFile, CancellationToken ct)
    {
        var paths = new EndpointPaths(dataFolder);
        paths.Create();
        if (Enrolment.Load(paths) is { } already && tokenFile == "-" && !Console.IsInputRedirected)
        {
            Console.WriteLine($"Already enrolled with {already.Url} as '{already.Endpoint}'.");
            return 0;
        }

        var token = EnrolmentToken.Parse(await ReadAsync(tokenFile, ct));
        var enrolment = await Enroller.EnrolAsync(paths, token, Environment.MachineName, TimeProvider.System, ct);
        Console.WriteLine($"Enrolled with {enrolment.Url} as '{enrolment.Endpoint}'.");
        return 0;
    }

    private static async Task<string> ReadAsync(string tokenFile, CancellationToken ct)
    {
        using var reader = tokenFile == "-" ? Console.In : File.OpenText(tokenFile);
        var buffer = new char[LongestToken];
        var length = await reader.ReadBlockAsync(buffer, ct);
        return new string(buffer, 0, length);
    }
}
