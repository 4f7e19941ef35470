using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Caisson.ControlPlane;

/// <summary>The addresses others reach this server at: the configured ones, with the real port where port 0 asked for any free one.</summary>
internal sealed class ServerAddress(ServerConfig config, IServer server)
{
    public Uri People => Bound(config.Url);

    public Uri Endpoints => Bound(config.EndpointUrl);

    private Uri Bound(Uri configured)
    {
        if (configured.Port != 0)
        {
            return configured;
        }

        var listening = server.Features.Get<IServerAddressesFeature>()!.Addresses.Select(a => new Uri(a));
        return new UriBuilder(configured) { Port = listening.First(a => a.Scheme == configured.Scheme).Port }.Uri;
    }
}
