using Caisson.Demo.Hosts;
using Microsoft.Playwright;

namespace Caisson.Demo.Check;

/// <summary>A person's browser on the server's host: signs in with the one-time link, looks at pages, and sees the desktop through the gateway.</summary>
internal sealed class Browser : IAsyncDisposable
{
    /// <summary>A drawn desktop has hundreds.</summary>
    public const int DesktopColours = 24;

    /// <summary>A text screen has its background and its letters; an empty one is a single colour.</summary>
    public const int TextColours = 2;

    private const int PatienceMilliseconds = 120_000;
    private readonly IPlaywright playwright;
    private readonly IBrowser browser;
    private readonly IPage page;
    private readonly Uri server;

    private Browser(IPlaywright playwright, IBrowser browser, IPage page, Uri server)
    {
        this.playwright = playwright;
        this.browser = browser;
        this.page = page;
        this.server = server;
    }

    public static async Task<Browser> OpenAsync(Host host, string folder, Uri server, Uri signInLink)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = await WriteLauncherAsync(host, folder),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 800 } });
        page.SetDefaultTimeout(PatienceMilliseconds);
        await page.GotoAsync(signInLink.ToString());
        // The link's page lets the browser in and sends it on by itself; going elsewhere before that would be two journeys at once.
        await page.WaitForURLAsync(new Uri(server, "/").ToString());
        return new Browser(playwright, browser, page, server);
    }

    public async Task PictureAsync(string path, string file)
    {
        await page.GotoAsync(new Uri(server, path).ToString());
        // Pages keep a live connection, so the network is never idle: the heading and every picture are what a person waits for.
        await page.Locator("h1").First.WaitForAsync();
        await page.WaitForFunctionAsync("() => [...document.images].every(image => image.complete)");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = file });
    }

    /// <summary>Opens a viewer page and waits until its canvas shows at least <paramref name="colours"/> colours, which no empty screen has.</summary>
    /// <returns>False when it stayed empty.</returns>
    public async Task<bool> SeeScreenAsync(string path, int colours, string file)
    {
        await page.GotoAsync(new Uri(server, path).ToString());
        var seen = true;
        try
        {
            await page.WaitForFunctionAsync(
                """
                least => {
                  const canvas = document.querySelector('canvas');
                  if (!canvas || canvas.width < 300) return false;
                  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                  const colours = new Set();
                  for (let i = 0; i < pixels.length; i += 4 * 97) colours.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
                  return colours.size >= least;
                }
                """,
                colours,
                new PageWaitForFunctionOptions { PollingInterval = 500 });
        }
        catch (TimeoutException)
        {
            seen = false;
        }

        await page.ScreenshotAsync(new PageScreenshotOptions { Path = file });
        await page.GotoAsync(server.ToString()); // leaves the viewer, so that the stream ends
        return seen;
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
    }

    /// <summary>Playwright starts one executable; this one starts Chromium inside the host's network namespace.</summary>
    private static async Task<string> WriteLauncherAsync(Host host, string folder)
    {
        var file = Path.Combine(folder, $"browser-{host.Name}");
        var inside = host with { UserId = null };
        await File.WriteAllTextAsync(file, $"#!/bin/sh\nexec {string.Join(' ', inside.Wrap(["chromium"]))} \"$@\"\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return file;
    }
}
