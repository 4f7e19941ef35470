// Everything in two presses: a number opens a workspace; arrows go from tile to tile and a letter acts on the one under them.
const tiles = document.getElementById('tiles');
const letters = { t: 'size', c: 'contrast', d: 'light', e: 'restart', q: 'off' };
const seen = element => element && !element.hidden && element.offsetParent !== null;

const current = () => document.activeElement?.closest('.tile') ?? tiles.firstElementChild;

function step(by) {
  const all = [...tiles.children];
  const at = all.indexOf(document.activeElement?.closest('.tile'));
  all[(Math.max(at, by > 0 ? -1 : 0) + by + all.length) % all.length]?.querySelector('.open').focus();
}

function stepInside(by) {
  const all = [...(current()?.querySelectorAll('button') ?? [])].filter(seen);
  all[(all.indexOf(document.activeElement) + by + all.length) % all.length]?.focus();
}

const act = wishes => [...(current()?.querySelectorAll('.actions button') ?? [])].find(b => seen(b) && wishes.includes(b.dataset.wish))?.click();

export function setUpKeys() {
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return;
    const key = event.key.toLowerCase();
    if (/^[1-9]$/.test(key)) tiles.children[Number(key) - 1]?.querySelector('.open').click();
    else if (key === 'arrowright') step(1);
    else if (key === 'arrowleft') step(-1);
    else if (key === 'arrowdown') stepInside(1);
    else if (key === 'arrowup') stepInside(-1);
    else if (key === 's') act(['start', 'stop']);
    else if (key === 'r') act(['restart']);
    else if (key === 'z') act(['suspend']);
    else if (letters[key] && seen(document.getElementById(letters[key]))) document.getElementById(letters[key]).click();
    else return;
    event.preventDefault();
  });
}
