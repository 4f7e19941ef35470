namespace Caisson.Web.Tests;

/// <summary>Every page as an administrator sees it, kept as pictures in artifacts/screenshots.</summary>
public sealed class LookTests(ConsoleFixture fixture)
{
    public static TheoryData<string, string> Pages() => new()
    {
        { "today", "/" },
        { "pcs", "/pcs" },
        { "pcs-needing", "/pcs?show=needs" },
        { "pcs-rolled-back", "/pcs?show=rolled-back" },
        { "pc", $"/pcs/{Seed.SeededFleet.ShownPc}" },
        { "pc-rolled-back", $"/pcs/{Seed.SeededFleet.RolledBackPc}" },
        { "start", Seed.SeededFleet.FailedStart },
        { "images", "/images" },
        { "image", "/images/office" },
        { "groups", "/groups" },
        { "group", "/groups/office" },
        { "enrol", "/enrol" },
        { "activity", "/activity" },
        { "nowhere", "/pcs/none" },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_is_whole_and_readable_in_light_in_dark_and_on_a_phone(string name, string address)
    {
        foreach (var look in Look.All)
        {
            await using var window = await fixture.OpenAsync(look);
            await window.GoAsync(address);
            await window.ShotAsync(name);

            Assert.Empty(window.Faults);
            Assert.NotEqual("", await window.Page.InnerTextAsync(".lead"));
            Assert.True(await window.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth") <= 0, $"{name} is wider than the window ({look.Name})");
            await ReadableAsync(window, $"{name}, {look.Name}");
        }
    }

    /// <summary>Every text has contrast and every control a name.</summary>
    private static async Task ReadableAsync(Window window, string what)
    {
        var faults = await window.Page.EvaluateAsync<string[]>(Reading.Faults);
        Assert.True(faults.Length == 0, $"{what}: {string.Join("; ", faults.Take(8))}");
    }

    [Fact]
    public async Task Nothing_moves_when_the_page_becomes_live()
    {
        await using var window = await fixture.OpenAsync(Look.Light);
        foreach (var address in (string[])["/", "/pcs", "/images/office"])
        {
            await window.Page.AddInitScriptAsync("window.moved = 0; new PerformanceObserver(l => { for (const e of l.getEntries()) if (!e.hadRecentInput) window.moved += e.value; }).observe({ type: 'layout-shift', buffered: true });");
            await window.GoAsync(address);
            Assert.True(await window.Page.EvaluateAsync<double>("window.moved") < 0.01, $"{address} moves while it loads");
        }
    }

    [Fact]
    public async Task An_empty_server_teaches_its_first_steps()
    {
        await using var server = await ServerUnderTest.StartAsync(seeded: false, TestContext.Current.CancellationToken);
        var signedIn = await fixture.SignInAsync(server);
        foreach (var look in Look.All)
        {
            await using var window = await fixture.OpenAsync(server, signedIn, look);
            foreach (var (name, address, teaches) in ((string, string, string)[])
                [("empty-today", "/", "caisson image import"), ("empty-images", "/images", "caisson image import"), ("empty-groups", "/groups", "Make a group"), ("empty-pcs", "/pcs", "Enrol a PC")])
            {
                await window.GoAsync(address);
                await window.ShotAsync(name);
                Assert.Contains(teaches, await window.Page.InnerTextAsync("main"), StringComparison.Ordinal);
            }

            Assert.Empty(window.Faults);
        }
    }

    [Fact]
    public async Task A_used_sign_in_link_teaches_how_to_get_another()
    {
        var link = await fixture.Server.SignInLinkAsync(TestContext.Current.CancellationToken);
        foreach (var look in Look.All)
        {
            await using var window = await fixture.OpenAsync(fixture.Server, signedIn: null, look);
            await window.Page.GotoAsync(link.ToString());
            if (look == Look.All[0])
            {
                continue; // the first one is let in
            }

            await window.ShotAsync("sign-in");
            Assert.Contains("caisson-server sign-in-link", await window.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        }
    }
}
