using Caisson.Endpoint.Identity;
using Caisson.Endpoint.Shelf;

namespace Caisson.Endpoint.Verbs;

/// <summary>The person at the PC holds the background filler: on a metered line, or before a talk.</summary>
internal static class FillingVerb
{
    public static int Run(string dataFolder, bool isPaused)
    {
        var paths = new EndpointPaths(dataFolder);
        if (Enrolment.Load(paths) is null)
        {
            throw new EndpointException($"'{paths.Data}' is not the folder of an enrolled PC. Name the one caissond runs with.");
        }

        new FillControl(paths, TimeProvider.System).IsPaused = isPaused;
        Console.WriteLine(isPaused ? "Nothing is fetched in the background until `caissond filling resume`." : "Disk images are fetched in the background again.");
        return 0;
    }
}
