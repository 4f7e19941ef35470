// Text size, contrast, light or dark: chosen here where the PC has no desktop that knows them, and kept.
const root = document.documentElement;
const sizes = ['100%', '125%', '150%'];
const kept = name => { try { return localStorage.getItem(name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* a page without storage forgets */ } };

const darkRules = () => [...document.styleSheets].flatMap(sheet => [...sheet.cssRules])
  .filter(rule => rule instanceof CSSMediaRule && /prefers-color-scheme|^all$|^not all$/.test(rule.media.mediaText));
const prefersDark = () => matchMedia('(prefers-color-scheme: dark)').matches;

function setLight(light) {
  if (!light) return;
  for (const rule of darkRules()) rule.media.mediaText = light === 'dark' ? 'all' : 'not all';
  root.style.colorScheme = light;
}

export function setUpLook() {
  root.style.fontSize = kept('size') ?? sizes[0];
  root.dataset.contrast = kept('contrast') ?? '';
  setLight(kept('light'));
  document.getElementById('size').onclick = () => {
    const next = sizes[(sizes.indexOf(root.style.fontSize) + 1) % sizes.length];
    root.style.fontSize = next;
    keep('size', next);
  };
  document.getElementById('contrast').onclick = () => {
    root.dataset.contrast = root.dataset.contrast ? '' : 'more';
    keep('contrast', root.dataset.contrast);
  };
  document.getElementById('light').onclick = () => {
    const next = (kept('light') ?? (prefersDark() ? 'dark' : 'light')) === 'dark' ? 'light' : 'dark';
    keep('light', next);
    setLight(next);
  };
}
