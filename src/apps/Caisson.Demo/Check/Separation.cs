using Caisson.Demo.Hosts;
using Caisson.Protocol.Api;

namespace Caisson.Demo.Check;

/// <summary>The two sides share nothing but the wire, and the server's word ends at the door of Personal.</summary>
internal sealed class Separation(CheckStage stage)
{
    public async Task RunAsync(string endpointId, CancellationToken cancel)
    {
        var (data, hosts) = (stage.Data, stage.Hosts);
        var serverFile = Path.Combine(data.Server, "config.json");
        var endpointFile = Path.Combine(data.Endpoint, "status.json");
        var own = await Ownership.CanOpenAsync(hosts.Server, serverFile, cancel) && await Ownership.CanOpenAsync(hosts.Endpoint, endpointFile, cancel);
        stage.Check("server_cannot_open_endpoint_files", own && !await Ownership.CanOpenAsync(hosts.Server, endpointFile, cancel), "each opens its own");
        stage.Check("endpoint_cannot_open_server_files", own && !await Ownership.CanOpenAsync(hosts.Endpoint, serverFile, cancel), "each opens its own");

        var refusal = await stage.Administrator.RefusalAsync(cancel, "workspace", "display", endpointId, "personal");
        stage.Check("personal_display_refused", refusal?.Contains(ProblemCodes.PersonalWorkspace, StringComparison.Ordinal) == true, refusal ?? "the server opened it");
        var capture = await stage.Administrator.RefusalAsync(cancel, "workspace", "capture", endpointId, "personal");
        stage.Check("personal_picture_refused", capture?.Contains(ProblemCodes.PersonalWorkspace, StringComparison.Ordinal) == true, capture ?? "the server ordered one");
        var picture = await stage.Administrator.RefusalAsync(cancel, "workspace", "screenshot", endpointId, "personal", Path.Combine(data.Administrator, "personal.png"));
        await SeePersonalAsync(cancel);
        stage.Check("personal_has_no_picture", picture is not null, picture ?? "the server gave one");
    }

    /// <summary>A browser on the PC itself, let in by a one-time link, sees both.</summary>
    private async Task SeePersonalAsync(CancellationToken cancel)
    {
        var link = await Steps.Endpoint.LinkAsync(stage.Hosts.Endpoint, stage.Apps, stage.Data.Endpoint, cancel);
        await using var browser = await Browser.OpenAsync(stage.Hosts.Endpoint, stage.Data.Administrator, new Uri(link.GetLeftPart(UriPartial.Authority)), link);
        await browser.PictureAsync("/", stage.Evidence.PathOf("local-page.png"));
        var seen = await browser.SeeScreenAsync("/screen/personal", Browser.TextColours, stage.Evidence.PathOf("personal.png"));
        stage.Check("personal_seen_on_the_pc", seen, "noVNC on the PC's own page");
    }
}
