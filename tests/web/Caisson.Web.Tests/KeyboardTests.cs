using Caisson.Web.Tests.Seed;

namespace Caisson.Web.Tests;

/// <summary>The console without a mouse, and the address bar that holds what is shown.</summary>
public sealed class KeyboardTests(ConsoleFixture fixture)
{
    [Fact]
    public async Task The_keyboard_alone_goes_everywhere()
    {
        await using var window = await fixture.OpenAsync(Look.Light);
        await window.GoAsync("/");
        foreach (var (key, address) in ((string, string)[])[("e", "/pcs"), ("i", "/images"), ("g", "/groups"), ("a", "/activity"), ("h", "/")])
        {
            await window.Page.Keyboard.PressAsync("g");
            await window.Page.Keyboard.PressAsync(key);
            await window.Page.WaitForURLAsync(new Uri(fixture.Server.Url, address).ToString());
            await window.LiveAsync();
        }

        Assert.Empty(window.Faults);
    }

    [Fact]
    public async Task The_PC_of_a_named_person_is_five_presses_and_a_name_away()
    {
        await using var window = await fixture.OpenAsync(Look.Light);
        await window.GoAsync($"/pcs/{SeededFleet.ShownPc}");
        var person = (await window.Page.InnerTextAsync(".lead")).Split('’')[0];

        await window.GoAsync("/");
        await window.Page.Keyboard.PressAsync("/");
        await window.Page.WaitForFunctionAsync("() => document.activeElement?.matches('[data-filter]')");
        await window.LiveAsync();
        await window.Page.Keyboard.TypeAsync($"{person} uppsala");
        await window.Page.WaitForURLAsync("**/pcs?q=*uppsala");
        await window.Page.WaitForFunctionAsync("() => [...document.querySelectorAll('tbody tr')].every(row => row.textContent.includes('Uppsala'))");
        await window.Page.Keyboard.PressAsync("ArrowDown");
        await window.Page.WaitForFunctionAsync("() => document.activeElement?.matches('a[data-row]')");
        await window.ShotAsync("pcs-found");
        await window.Page.Keyboard.PressAsync("Enter");
        await window.Page.WaitForURLAsync("**/pcs/upp-*");
        Assert.StartsWith(person, await window.Page.InnerTextAsync(".lead"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filter_is_in_the_address_and_a_colleague_gets_the_same_list()
    {
        await using var window = await fixture.OpenAsync(Look.Light);
        await window.GoAsync("/pcs");
        await window.Page.FillAsync("[data-filter]", "malmö berg");
        await window.Page.WaitForURLAsync("**/pcs?q=malm%C3%B6%20berg");
        // The address changes a moment before the rows and links do that it asks for.
        await window.Page.Locator("th a[href*='q=']", new() { HasText = "Seen" }).ClickAsync();
        await window.Page.WaitForURLAsync("**sort=seen**");
        await window.Page.WaitForFunctionAsync("() => document.querySelector('th[aria-sort]')?.textContent.includes('Seen')");
        var mine = await RowsAsync(window);

        await using var colleague = await fixture.OpenAsync(Look.Light);
        await colleague.GoAsync(window.Address);
        Assert.NotEmpty(mine);
        Assert.Equal(mine, await RowsAsync(colleague));
        Assert.Equal("malmö berg", await colleague.Page.InputValueAsync("[data-filter]"));
    }

    [Fact]
    public async Task A_dialog_says_what_it_hits_holds_the_focus_and_leaves_by_escape()
    {
        await using var window = await fixture.OpenAsync(Look.Light);
        await window.GoAsync($"/pcs/{SeededFleet.ShownPc}");
        await window.Page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        var dialog = window.Page.GetByRole(Microsoft.Playwright.AriaRole.Alertdialog);
        Assert.Contains("Stop Work on UPP-0412?", await dialog.InnerTextAsync(), StringComparison.Ordinal);
        await window.Page.WaitForFunctionAsync("() => document.activeElement?.matches('[data-first]')");
        await window.ShotAsync("pc-stop");
        await window.Page.Keyboard.PressAsync("Tab");
        Assert.True(await window.Page.EvaluateAsync<bool>("document.activeElement.closest('[data-trap]') !== null"));
        await window.Page.Keyboard.PressAsync("Escape");
        await dialog.WaitForAsync(new() { State = Microsoft.Playwright.WaitForSelectorState.Detached });
    }

    // Where they lead to, not what they say: "seen 4 min ago" is another text a moment later.
    private static async Task<string[]> RowsAsync(Window window) =>
        await window.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('a[data-row]')].map(row => row.getAttribute('href'))");

    [Fact]
    public async Task The_keyboard_is_explained_by_a_question_mark()
    {
        await using var window = await fixture.OpenAsync(Look.Light);
        await window.GoAsync("/");
        await window.Page.Keyboard.PressAsync("?");
        await window.Page.GetByRole(Microsoft.Playwright.AriaRole.Dialog).WaitForAsync();
        await window.ShotAsync("keyboard");
    }
}
