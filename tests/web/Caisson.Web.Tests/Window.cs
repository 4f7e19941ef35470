using Caisson.Testing;
using Microsoft.Playwright;

namespace Caisson.Web.Tests;

/// <summary>A browser window that writes down what goes wrong in it.</summary>
internal sealed class Window : IAsyncDisposable
{
    private readonly IBrowserContext context;
    private readonly Look look;

    public Window(IBrowserContext context, IPage page, Look look)
    {
        (this.context, Page, this.look) = (context, page, look);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                Faults.Add(message.Text);
            }
        };
        page.PageError += (_, error) => Faults.Add(error);
    }

    public IPage Page { get; }

    /// <summary>Errors and warnings of the browser's console.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Goes there and waits until the page is live.</summary>
    public async Task GoAsync(string address)
    {
        await Page.GotoAsync(address);
        await LiveAsync();
    }

    /// <summary>The frame says so itself, once Blazor has taken it over.</summary>
    public Task LiveAsync() => Page.WaitForFunctionAsync("() => document.querySelector('[data-live]') !== null");

    public async Task ShotAsync(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Checkout.Root, "artifacts", "screenshots"));
        // A picture that is still loading would make every run another screenshot.
        await Page.WaitForFunctionAsync("() => [...document.images].every(i => i.complete || i.getBoundingClientRect().top > innerHeight)");
        await Page.ScreenshotAsync(new() { Path = Path.Combine(folder.FullName, $"{name}-{look.Name}.png") });
    }

    /// <summary>Address without the host: what a colleague would get.</summary>
    public string Address => new Uri(Page.Url).PathAndQuery;

    public async ValueTask DisposeAsync() => await context.DisposeAsync();
}
