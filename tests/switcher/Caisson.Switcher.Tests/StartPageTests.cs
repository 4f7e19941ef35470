using System.Collections.Concurrent;
using Caisson.Endpoint;
using Caisson.Endpoint.Host;
using Caisson.Endpoint.LocalPage;
using Caisson.Endpoint.Reports;
using Caisson.Protocol;
using Caisson.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;

namespace Caisson.Switcher.Tests;

/// <summary>The start page in a real browser, over caissond's own page server; what it asks for is written down, not done.</summary>
public sealed class StartPageTests : IAsyncLifetime
{
    private readonly TestFolder folder = new();
    private readonly ConcurrentQueue<string> asked = new();
    private LocalStatus status = Sample(pc: new PcFacts { Network = "wired", BatteryPercent = 82 });
    private Action<LocalStatus>? changed;
    private LocalServer server = null!;
    private EndpointPaths paths = null!;
    private IPlaywright playwright = null!;
    private IBrowser browser = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        paths = new EndpointPaths(folder.Path);
        paths.Create();
        var content = new LocalPageContent(() => status, _ => null, heard => changed += heard, heard => changed -= heard);
        server = await LocalServer.StartAsync(paths, 0, content, NullLogger.Instance, Ct);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = ["--headless", "--no-sandbox", "--disable-gpu"] });
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
        await server.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData("light", ColorScheme.Light, "", 100)]
    [InlineData("dark", ColorScheme.Dark, "", 100)]
    [InlineData("contrast", ColorScheme.Dark, "c", 100)]
    [InlineData("large", ColorScheme.Light, "tt", 150)]
    public async Task The_page_is_whole_and_readable(string name, ColorScheme scheme, string keys, int textSize)
    {
        var page = await OpenAsync(scheme);
        foreach (var key in keys)
        {
            await page.Keyboard.PressAsync(key.ToString());
        }

        Assert.Equal($"{textSize}%", await page.EvaluateAsync<string>("document.documentElement.style.fontSize"));
        Assert.Equal("Personal is starting up.", await page.InnerTextAsync("#lead"));
        Assert.Contains("offline-ready 63 %", await page.InnerTextAsync("#w-work .state"), StringComparison.Ordinal);
        await ShotAsync(page, "start-" + name);
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth") <= 0, "wider than the screen");
        if (textSize == 100)
        {
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollHeight - innerHeight") <= 0, "higher than the screen");
        }

        var faults = await page.EvaluateAsync<string[]>(Caisson.Web.Tests.Reading.Faults);
        Assert.True(faults.Length == 0, string.Join("; ", faults.Take(8)));
    }

    [Fact]
    public async Task Everything_is_reached_in_two_presses()
    {
        var page = await OpenAsync(ColorScheme.Light);
        await PressAsync(page, "1");
        await PressAsync(page, "ArrowRight", "Enter");
        await PressAsync(page, "ArrowRight", "r");
        await PressAsync(page, "ArrowLeft", "s");
        await PressAsync(page, "q", "Enter");
        await PressAsync(page, "e", "Escape");
        Assert.Equal(["work/open", "personal/open", "work/restart", "personal/stop", "pc/off"], asked.ToArray().Select(a => a.Replace("workspaces/", "", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_goes_wrong_is_said_in_words_with_what_to_do()
    {
        status = status with
        {
            Pc = status.Pc! with { Network = "none", BatteryPercent = 8 },
            ServerProblem = "The server did not answer.",
            Workspaces = [status.Workspaces[0] with { State = WorkspaceState.Failed, Problem = "Work could not start: the disk is full. Free 3 GB in Personal or ask IT. Code C-112." }, status.Workspaces[1] with { State = WorkspaceState.Stopped, FirstHeartbeatAt = null }],
        };
        var page = await OpenAsync(ColorScheme.Light);
        Assert.Equal("Work did not start.", await page.InnerTextAsync("#lead"));
        var said = await page.InnerTextAsync("body");
        Assert.Contains("Code C-112", said, StringComparison.Ordinal);
        Assert.Contains("The battery is at 8 %. Connect the charger.", said, StringComparison.Ordinal);
        Assert.Contains("No network is connected. What is on this PC goes on working.", said, StringComparison.Ordinal);
        await ShotAsync(page, "start-trouble");
    }

    [Fact]
    public async Task Switching_off_says_what_is_waited_for_and_an_update_what_it_does()
    {
        var page = await OpenAsync(ColorScheme.Dark);
        await page.Keyboard.PressAsync("q");
        Assert.Contains("Work and Personal are asked to close first", await page.InnerTextAsync("#sure-what"), StringComparison.Ordinal);
        await ShotAsync(page, "start-off");
        await page.Keyboard.PressAsync("Escape");
        Change(status with
        {
            Pc = status.Pc! with { Closing = "off" },
            Workspaces = [status.Workspaces[0] with { Update = new LocalUpdate { Generation = 8, Step = "offer" } }, status.Workspaces[1]],
        });
        await page.WaitForFunctionAsync("() => document.getElementById('messages').textContent.includes('switches off after that')");
        Assert.Contains("An update waits (generation 8)", await page.InnerTextAsync("#w-work .update"), StringComparison.Ordinal);
        await ShotAsync(page, "start-closing");
    }

    [Fact]
    public async Task In_a_browser_on_an_existing_Linux_there_is_nothing_of_the_PCs_own()
    {
        status = status with { Pc = null };
        var page = await OpenAsync(ColorScheme.Light);
        Assert.False(await page.IsVisibleAsync("#off"));
        await page.Keyboard.PressAsync("1");
        await page.WaitForURLAsync("**/screen/work", new() { WaitUntil = WaitUntilState.Commit }); // Its own display would be waited for.
    }

    private async Task<IPage> OpenAsync(ColorScheme scheme)
    {
        var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1280, Height = 800 }, ColorScheme = scheme });
        var page = await context.NewPageAsync();
        await page.RouteAsync("**/api/workspaces/*/picture?*", route => route.FulfillAsync(new() { Path = Path.Combine(Checkout.Root, "docs/pictures", route.Request.Url.Contains("work/", StringComparison.Ordinal) ? "work.png" : "personal.png") }));
        await page.RouteAsync("**/api/{workspaces,pc}/**", async route =>
        {
            if (route.Request.Method != "POST")
            {
                await route.FallbackAsync();
                return;
            }

            asked.Enqueue(route.Request.Url.Split("/api/")[1]);
            await route.FulfillAsync(new() { Status = 202 });
        });
        await page.GotoAsync(OneTimeLinks.Make(paths, server.Port).ToString());
        await page.WaitForFunctionAsync("() => document.body?.dataset.live !== undefined");
        await page.WaitForFunctionAsync("() => [...document.images].every(i => i.complete)");
        return page;
    }

    private async Task PressAsync(IPage page, params string[] keys)
    {
        var before = asked.Count;
        foreach (var key in keys)
        {
            await page.Keyboard.PressAsync(key);
        }

        for (var i = 0; i < 100 && asked.Count == before && keys[^1] != "Escape"; i++)
        {
            await Task.Delay(20, Ct);
        }
    }

    private void Change(LocalStatus next)
    {
        status = next;
        changed?.Invoke(next);
    }

    private static async Task ShotAsync(IPage page, string name) =>
        await page.ScreenshotAsync(new() { Path = Path.Combine(Directory.CreateDirectory(Path.Combine(Checkout.Root, "artifacts", "screenshots")).FullName, name + ".png") });

    private static LocalStatus Sample(PcFacts pc) => new()
    {
        Endpoint = new EndpointId("pc-7"), Server = new Uri("https://caisson.example:8443"), Sequence = 3, Accelerator = "kvm", AcceleratorReason = "", QemuVersion = "10.0",
        CaissondVersion = "0.1.0", ProcessId = 1, LocalPort = 0, UpdatedAt = DateTimeOffset.UnixEpoch, Pc = pc,
        Workspaces =
        [
            new LocalWorkspace { Id = new WorkspaceId("work"), Name = "Work", Kind = WorkspaceKind.Managed, State = WorkspaceState.Running, FirstHeartbeatAt = DateTimeOffset.UnixEpoch, PresentBytes = 63, ImageBytes = 100 },
            new LocalWorkspace { Id = new WorkspaceId("personal"), Name = "Personal", Kind = WorkspaceKind.Personal, State = WorkspaceState.Running },
        ],
    };
}
