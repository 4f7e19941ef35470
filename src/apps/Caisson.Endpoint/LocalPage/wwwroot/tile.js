// One workspace's tile.
import { camel, isFilling, isUp, kinds, percentOf, stateOf, updateWords } from '/words.js';

const template = document.getElementById('tile');
const ask = (workspace, wish) => fetch(`/api/workspaces/${workspace.id}/${wish}`, { method: 'POST' });

export function makeTile(id) {
  const tile = template.content.firstElementChild.cloneNode(true);
  tile.id = `w-${id}`;
  const image = tile.querySelector('img');
  image.onload = () => { image.hidden = false; };
  image.onerror = () => { image.hidden = true; };
  return tile;
}

function drawUpdate(strip, workspace) {
  strip.hidden = !workspace.update;
  if (!workspace.update) return;
  strip.className = `update ${workspace.update.step}`;
  strip.querySelector('p').textContent = updateWords(workspace);
  for (const button of strip.querySelectorAll('button')) {
    button.hidden = button.dataset.update === 'later' && workspace.update.step !== 'offer';
    button.onclick = () => ask(workspace, button.dataset.update);
  }
}

// On the appliance the switcher brings the workspace's own window; in a browser the page shows it.
function open(workspace, hasSwitcher) {
  if (hasSwitcher) ask(workspace, 'open');
  else if (isUp(workspace)) location.href = `/screen/${workspace.id}`;
  else ask(workspace, 'start');
}

export function drawTile(tile, workspace, number, hasSwitcher) {
  const state = camel(workspace.state), kind = camel(workspace.kind), up = isUp(workspace);
  tile.className = `tile ${kind} ${up ? 'up' : ''} ${state === 'failed' ? 'bad' : ''}`;
  const words = stateOf(workspace) + (isFilling(workspace) ? ` · offline-ready ${percentOf(workspace)} %` : '');
  const button = tile.querySelector('.open');
  button.setAttribute('aria-label', `${workspace.name}: ${words}. ${up ? 'Open' : 'Start'}.`);
  button.onclick = () => open(workspace, hasSwitcher);
  tile.querySelector('.face').textContent = [...workspace.name][0]?.toUpperCase() ?? '';
  tile.querySelector('.name').textContent = workspace.name;
  tile.querySelector('.number').textContent = number;
  tile.querySelector('.kind').textContent = kinds[kind] ?? workspace.kind;
  tile.querySelector('.state').textContent = words;
  const bar = tile.querySelector('.bar');
  bar.hidden = !isFilling(workspace);
  bar.firstElementChild.style.width = `${percentOf(workspace)}%`;
  const problem = tile.querySelector('.problem');
  problem.textContent = [workspace.problem, workspace.notice, workspace.lifeWords].filter(Boolean).join(' ');
  problem.hidden = !problem.textContent;
  drawUpdate(tile.querySelector('.update'), workspace);
  for (const action of tile.querySelectorAll('.actions button')) {
    action.hidden = (action.dataset.wish === 'start') === up;
    action.onclick = () => ask(workspace, action.dataset.wish);
  }
}

export function refreshPicture(tile, id) {
  tile.querySelector('img').src = `/api/workspaces/${id}/picture?${Date.now()}`;
}
