namespace Caisson.Web.Tests;

/// <summary>What a page must be for people who read it in another way: contrast of at least 4.5, a name on every control, one first heading.</summary>
internal static class Reading
{
    // WCAG 2.2: relative luminance and contrast ratio; a background is the first opaque one up the tree, mixed where it is not.
    public const string Faults = """
        () => {
          const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
          const parse = (color) => {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = color;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            return [r, g, b, a / 255];
          };
          const over = (top, below) => top[3] === 1 ? top : [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
          const behind = (element) => {
            if (!element) return [255, 255, 255, 1];
            const color = parse(getComputedStyle(element).backgroundColor);
            return color[3] === 1 ? color : over(color, behind(element.parentElement));
          };
          const light = (c) => [0, 1, 2].map((i) => { const v = c[i] / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
          const faults = new Set();
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const element = walk.currentNode.parentElement;
            if (!walk.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, style, .unseen, [disabled]")) continue;
            const below = behind(element);
            const found = ratio(over(parse(getComputedStyle(element).color), below), below);
            if (found < 4.5) faults.add(`"${walk.currentNode.data.trim().slice(0, 30)}" has contrast ${found.toFixed(2)}`);
          }
          for (const control of document.querySelectorAll("a[href], button, input, select")) {
            const name = control.getAttribute("aria-label") || control.labels?.[0]?.textContent || control.textContent;
            if (control.checkVisibility() && !name?.trim()) faults.add(`no name: ${control.outerHTML.slice(0, 80)}`);
          }
          for (const image of document.querySelectorAll("img:not([alt])")) faults.add(`no alt: ${image.src}`);
          if (document.querySelectorAll("h1").length !== 1) faults.add("not exactly one h1");
          return [...faults];
        }
        """;
}
