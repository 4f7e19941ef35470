using Caisson.ControlPlane.Console.Activity;
using Caisson.ControlPlane.Console.Enrol;
using Caisson.ControlPlane.Console.Frame;
using Caisson.ControlPlane.Console.Groups;
using Caisson.ControlPlane.Console.Images;
using Caisson.ControlPlane.Console.Pcs;
using Caisson.ControlPlane.Console.Today;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Live;
using Microsoft.AspNetCore.Hosting.StaticWebAssets;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console;

/// <summary>Where the console's pages join the server's host.</summary>
internal static class ConsoleHost
{
    /// <summary>Called before the host is built.</summary>
    public static void AddConsole(this WebApplicationBuilder builder)
    {
        // A build is run as it lies in its output folder, where static files are found through a manifest; a package has them in wwwroot.
        StaticWebAssetsLoader.UseStaticWebAssets(builder.Environment, builder.Configuration);
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddSingleton<Changes>().AddSingleton<ChangePulse>();
        builder.Services.ConfigureDbContext<ServerDb>((services, options) => options.AddInterceptors(services.GetRequiredService<ChangePulse>()));
        builder.Services.AddSingleton<Census>().AddSingleton<TodayQuery>().AddSingleton<PcListQuery>().AddSingleton<PcQuery>().AddSingleton<PcActions>().AddSingleton<EvidenceQuery>()
            .AddSingleton<ImageQuery>().AddSingleton<ImageActions>().AddSingleton<GroupQuery>().AddSingleton<GroupActions>()
            .AddSingleton<EnrolActions>().AddSingleton<ActivityQuery>();
    }

    /// <summary>
    /// Called after routing, sign-in and antiforgery are in the pipeline. Every endpoint mapped here needs a sign-in by the fallback
    /// policy unless it says AllowAnonymous (static files must), and answers on the people listener only.
    /// </summary>
    public static void MapConsole(this WebApplication app)
    {
        app.MapStaticAssets().AllowAnonymous();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }
}
