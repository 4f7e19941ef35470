using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Caisson.Web.Tests.ConsoleFixture))]
// One browser and one server on two cores: side by side the tests would only measure each other.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace Caisson.Web.Tests;

/// <summary>One server with twenty thousand PCs, one chromium, one sign-in, for all tests that only look.</summary>
public sealed class ConsoleFixture : IAsyncLifetime
{
    private static readonly string[] Flags =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright playwright = null!;
    private IBrowser browser = null!;
    private string session = "";

    internal ServerUnderTest Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await ServerUnderTest.StartAsync(seeded: true, CancellationToken.None);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = Flags });
        session = await SignInAsync(Server);
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
        await Server.DisposeAsync();
    }

    /// <summary>Signs in by a one-time link and returns the browser's state with the cookie.</summary>
    internal async Task<string> SignInAsync(ServerUnderTest server)
    {
        await using var context = await browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync((await server.SignInLinkAsync(CancellationToken.None)).ToString());
        await page.WaitForURLAsync(server.Url.ToString());
        return await context.StorageStateAsync();
    }

    /// <summary>A signed-in window of the seeded server.</summary>
    internal Task<Window> OpenAsync(Look look) => OpenAsync(Server, session, look);

    internal async Task<Window> OpenAsync(ServerUnderTest server, string? signedIn, Look look)
    {
        var context = await browser.NewContextAsync(new()
        {
            BaseURL = server.Url.ToString(),
            StorageState = signedIn,
            ViewportSize = new() { Width = look.Width, Height = look.Height },
            ColorScheme = look.IsDark ? ColorScheme.Dark : ColorScheme.Light,
        });
        return new Window(context, await context.NewPageAsync(), look);
    }
}

/// <summary>How a window looks.</summary>
internal sealed record Look(string Name, int Width, int Height, bool IsDark)
{
    public static readonly Look Light = new("light", 1280, 800, false);
    public static readonly Look Dark = new("dark", 1280, 800, true);
    public static readonly Look Phone = new("phone", 390, 844, false);
    public static readonly Look[] All = [Light, Dark, Phone];
}
