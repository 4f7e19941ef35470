// The launcher: everything it shows comes from caissond's own status, pushed as server-sent events.
const tiles = document.getElementById('tiles');
const template = document.getElementById('tile');

const kinds = { managed: 'Work, kept by your organisation', personal: 'Yours alone', disposable: 'Forgets everything when it stops' };
const plain = { stopped: 'Off', starting: 'Starting', running: 'On', paused: 'Paused', waitingForDisk: 'Waiting for its disk', stopping: 'Shutting down', failed: 'Did not start', suspending: 'Being suspended', suspended: 'Suspended' };
const camel = word => word.charAt(0).toLowerCase() + word.slice(1);

function words(workspace) {
  const state = camel(workspace.state);
  if (state === 'running' && !workspace.firstHeartbeatAt) return 'Starting up';
  return plain[state] ?? workspace.state;
}

// Today by the hour alone, another day with its name.
function moment(text) {
  const at = new Date(text);
  const hour = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return at.toDateString() === new Date().toDateString() ? `at ${hour}` : `on ${at.toLocaleDateString([], { weekday: 'long' })} at ${hour}`;
}

function drawUpdate(strip, workspace) {
  const update = workspace.update;
  strip.hidden = !update;
  if (!update) return;
  strip.className = `update ${update.step}`;
  strip.querySelector('p').textContent = update.step === 'closing'
    ? `${workspace.name} restarts ${update.at ? moment(update.at) : 'now'} to take its update. Save your work; what is open is asked to close, nothing is cut off.`
    : `An update waits (generation ${update.generation}). ${workspace.name} takes it when it restarts${update.by ? `, at the latest ${moment(update.by)}` : ''}.`
      + (update.step === 'later' ? ` You are reminded ${moment(update.at)}.` : '');
  for (const button of strip.querySelectorAll('button')) {
    button.hidden = button.dataset.update === 'later' && update.step !== 'offer';
    button.onclick = () => fetch(`/api/workspaces/${workspace.id}/${button.dataset.update}`, { method: 'POST' });
  }
}

function draw(tile, workspace) {
  const state = camel(workspace.state), kind = camel(workspace.kind);
  const up = !['stopped', 'failed', 'suspended'].includes(state);
  tile.className = `tile ${kind} ${up ? 'up' : ''} ${state === 'failed' ? 'bad' : ''}`;
  const open = tile.querySelector('.open');
  if (up) open.href = `/screen/${workspace.id}`; else open.removeAttribute('href');
  open.setAttribute('aria-label', `${workspace.name}: ${words(workspace)}${up ? '. Open.' : ''}`);
  tile.querySelector('.face').textContent = workspace.name.charAt(0).toUpperCase();
  tile.querySelector('.name').textContent = workspace.name;
  tile.querySelector('.kind').textContent = kinds[kind] ?? workspace.kind;
  const filling = workspace.imageBytes > 0 && !workspace.offlineReady;
  const percent = filling ? Math.floor(100 * workspace.presentBytes / workspace.imageBytes) : 100;
  tile.querySelector('.state').textContent = words(workspace) + (filling ? ` · offline-ready ${percent} %` : '');
  const bar = tile.querySelector('.bar');
  bar.hidden = !filling;
  bar.firstElementChild.style.width = `${percent}%`;
  const problem = tile.querySelector('.problem');
  const troubles = [workspace.problem, workspace.notice, workspace.lifeWords].filter(Boolean).join(' ');
  problem.hidden = !troubles;
  problem.textContent = troubles;
  drawUpdate(tile.querySelector('.update'), workspace);
  for (const button of tile.querySelectorAll('.actions button')) {
    button.hidden = (button.dataset.wish === 'start') === up;
    button.onclick = () => fetch(`/api/workspaces/${workspace.id}/${button.dataset.wish}`, { method: 'POST' });
  }
}

function show(status) {
  document.getElementById('pc').textContent = status.endpoint;
  const server = document.getElementById('server');
  server.textContent = status.serverProblem ? `The server is not reached; what is here goes on. ${status.serverProblem}` : 'In touch with the server.';
  server.classList.toggle('bad', Boolean(status.serverProblem));
  document.getElementById('accelerator').textContent = status.accelerator === 'kvm' ? '' : status.acceleratorReason;
  document.getElementById('empty').hidden = status.workspaces.length > 0;
  for (const workspace of status.workspaces) {
    let tile = document.getElementById(`w-${workspace.id}`);
    if (!tile) {
      tile = template.content.firstElementChild.cloneNode(true);
      tile.id = `w-${workspace.id}`;
      tiles.append(tile);
    }
    draw(tile, workspace);
  }
  for (const tile of [...tiles.children]) {
    if (!status.workspaces.some(w => `w-${w.id}` === tile.id)) tile.remove();
  }
}

const clock = document.getElementById('clock');
const tick = () => { clock.textContent = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }); };
tick();
setInterval(tick, 5000);

// One key apart: 1 opens the first workspace, 2 the second.
addEventListener('keydown', event => {
  const tile = tiles.children[Number(event.key) - 1];
  if (tile && !event.ctrlKey && !event.altKey && !event.metaKey) tile.querySelector('.open[href]')?.click();
});

const events = new EventSource('/api/events');
events.onmessage = event => show(JSON.parse(event.data));
events.onerror = () => {
  const server = document.getElementById('server');
  server.textContent = 'caissond does not answer. Your workspaces go on; this page comes back by itself.';
  server.classList.add('bad');
};
