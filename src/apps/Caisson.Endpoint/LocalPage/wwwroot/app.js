// The start page: everything it shows comes from caissond's own status, pushed as server-sent events.
import { drawTile, makeTile, refreshPicture } from '/tile.js';
import { setUpKeys } from '/keys.js';
import { setUpLook } from '/look.js';
import { batteryWords, isUp, lead, messages, namesUp, networkWords } from '/words.js';

const PICTURE_EVERY = 5000;
const byId = id => document.getElementById(id);
const tiles = byId('tiles');
let status = null;

function drawMessages(list) {
  const texts = list.map(m => m.text).join('\n');
  if (byId('messages').dataset.texts === texts) return; // A screen reader says each once.
  byId('messages').dataset.texts = texts;
  byId('messages').replaceChildren(...list.map(message => Object.assign(document.createElement('p'), { className: message.bad ? 'bad' : '', textContent: message.text })));
}

function drawTiles(workspaces, hasSwitcher) {
  workspaces.forEach((workspace, index) => {
    let tile = byId(`w-${workspace.id}`);
    if (!tile) {
      tile = makeTile(workspace.id);
      tiles.append(tile);
      refreshPicture(tile, workspace.id);
    }
    drawTile(tile, workspace, index + 1, hasSwitcher);
  });
  for (const tile of [...tiles.children]) {
    if (!workspaces.some(w => `w-${w.id}` === tile.id)) tile.remove();
  }
  tiles.dataset.count = workspaces.length;
  if (document.activeElement === document.body) tiles.querySelector('.open')?.focus({ focusVisible: false });
}

function show(next) {
  status = next;
  const { pc, workspaces } = next;
  byId('lead').textContent = lead(workspaces);
  byId('network').textContent = pc ? networkWords(pc) : '';
  byId('battery').textContent = pc ? batteryWords(pc) : '';
  byId('hint').replaceChildren();
  if (pc) byId('hint').append('Anywhere: ', ...kbd('Ctrl', 'Alt', 'Space'), ' goes to the next workspace, ', ...kbd('Ctrl', 'Alt', 'Home'), ' comes back here.');
  byId('restart').hidden = byId('off').hidden = !pc;
  byId('empty').hidden = workspaces.length > 0;
  drawTiles(workspaces, Boolean(pc));
  drawMessages(messages(next));
  document.body.dataset.live = '';
}

const kbd = (...keys) => keys.flatMap((key, i) => [i ? ' ' : '', Object.assign(document.createElement('kbd'), { textContent: key })]);

function sure(step, verb, end) {
  const names = namesUp(status?.workspaces ?? []);
  byId('sure-title').textContent = `${verb} this PC?`;
  byId('sure-what').textContent = names ? `${names} ${names.includes(' and ') ? 'are' : 'is'} asked to close first, with up to two minutes to save. Then ${end}.` : `No workspace is on. ${end[0].toUpperCase()}${end.slice(1)} at once.`;
  byId('sure-yes').textContent = verb;
  const dialog = byId('sure');
  dialog.returnValue = '';
  dialog.onclose = () => { if (dialog.returnValue === 'yes') fetch(`/api/pc/${step}`, { method: 'POST' }); };
  dialog.showModal();
}

byId('off').onclick = () => sure('off', 'Shut down', 'the PC switches off');
byId('restart').onclick = () => sure('restart', 'Restart', 'the PC starts again');

const clock = byId('clock');
const tick = () => { clock.textContent = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }); };
tick();
setInterval(tick, 5000);

// After a frame was drawn: a page nobody sees draws none, and asks for no pictures.
setInterval(() => requestAnimationFrame(() => {
  for (const workspace of status?.workspaces.filter(isUp) ?? []) {
    const tile = byId(`w-${workspace.id}`);
    if (tile) refreshPicture(tile, workspace.id);
  }
}), PICTURE_EVERY);

setUpLook();
setUpKeys();
const events = new EventSource('/api/events');
events.onmessage = event => show(JSON.parse(event.data));
events.onerror = () => drawMessages([{ bad: true, text: 'caissond does not answer. Your workspaces go on; this page comes back by itself.' }]);
