using Caisson.Endpoint.LocalPage;
using Caisson.Endpoint.Reports;

namespace Caisson.Endpoint.Verbs;

/// <summary>Whoever can write the data folder may open the page: that is the whole sign-in.</summary>
internal static class LinkVerb
{
    public static int Run(string dataFolder)
    {
        var paths = new EndpointPaths(dataFolder);
        var port = LocalStatus.Load(paths)?.LocalPort ?? 0;
        if (port == 0)
        {
            throw new EndpointException($"caissond does not run with '{paths.Data}', so there is no page to link to. Start it with: caissond run --data {paths.Data}");
        }

        Console.WriteLine(OneTimeLinks.Make(paths, port));
        return 0;
    }
}
