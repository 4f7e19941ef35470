// What the page says, in the words of the person at the PC.
export const camel = word => word.charAt(0).toLowerCase() + word.slice(1);

export const kinds = { managed: 'Kept by your organisation', personal: 'Yours alone', disposable: 'Forgets everything when it stops' };

const plain = { stopped: 'Off', starting: 'Starting', running: 'On', paused: 'Paused', waitingForDisk: 'Waiting for its disk', stopping: 'Shutting down', failed: 'Did not start', suspending: 'Being suspended', suspended: 'Suspended' };

export const isUp = workspace => !['stopped', 'failed', 'suspended'].includes(camel(workspace.state));

export function stateOf(workspace) {
  const state = camel(workspace.state);
  if (state === 'running' && !workspace.firstHeartbeatAt) return 'Starting up';
  return plain[state] ?? workspace.state;
}

export const isFilling = workspace => workspace.imageBytes > 0 && !workspace.offlineReady;
export const percentOf = workspace => isFilling(workspace) ? Math.floor(100 * workspace.presentBytes / workspace.imageBytes) : 100;

// Today by the hour alone, another day with its name.
export function moment(text) {
  const at = new Date(text);
  const hour = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return at.toDateString() === new Date().toDateString() ? `at ${hour}` : `on ${at.toLocaleDateString([], { weekday: 'long' })} at ${hour}`;
}

const list = names => names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
export const namesUp = workspaces => list(workspaces.filter(isUp).map(w => w.name));

// The first line answers: what can I go to?
export function lead(workspaces) {
  if (workspaces.length === 0) return 'Nothing is assigned to this PC yet.';
  const troubled = workspaces.filter(w => camel(w.state) === 'failed');
  if (troubled.length > 0) return `${list(troubled.map(w => w.name))} did not start.`;
  const starting = workspaces.filter(w => stateOf(w).startsWith('Starting'));
  if (starting.length > 0) return `${list(starting.map(w => w.name))} ${starting.length === 1 ? 'is' : 'are'} starting up.`;
  const up = workspaces.filter(isUp);
  if (up.length === 0) return 'Choose a workspace to start.';
  return `${list(up.map(w => w.name))} ${up.length === 1 ? 'is' : 'are'} ready.`;
}

export function updateWords(workspace) {
  const update = workspace.update;
  return update.step === 'closing'
    ? `${workspace.name} restarts ${update.at ? moment(update.at) : 'now'} to take its update. Save your work; what is open is asked to close, nothing is cut off.`
    : `An update waits (generation ${update.generation}). ${workspace.name} takes it when it restarts${update.by ? `, at the latest ${moment(update.by)}` : ''}.`
      + (update.step === 'later' ? ` You are reminded ${moment(update.at)}.` : '');
}

const networks = { wired: 'Wired network', wireless: 'Wi-Fi', none: 'No network' };
export const networkWords = pc => networks[pc.network] ?? pc.network;
export const batteryWords = pc => pc.batteryPercent === undefined ? '' : `Battery ${pc.batteryPercent} %${pc.charging ? ', charging' : ''}`;

// At most three, the gravest first.
export function messages(status) {
  const all = [];
  if (status.pc?.closing) {
    const names = namesUp(status.workspaces);
    const end = status.pc.closing === 'restart' ? 'The PC restarts' : 'The PC switches off';
    all.push({ bad: false, text: names ? `${names} ${names.includes(' and ') ? 'close' : 'closes'} first. ${end} after that, in two minutes at the latest.` : `${end} now.` });
  }
  if (status.pc?.batteryPercent <= 10 && !status.pc.charging) all.push({ bad: true, text: `The battery is at ${status.pc.batteryPercent} %. Connect the charger.` });
  if (status.serverProblem) {
    all.push(status.pc?.network === 'none'
      ? { bad: false, text: 'No network is connected. What is on this PC goes on working.' }
      : { bad: true, text: `The server is not reached; what is here goes on. ${status.serverProblem}` });
  }
  if (status.accelerator !== 'kvm') all.push({ bad: false, text: `Workspaces are slow on this PC. ${status.acceleratorReason}` });
  return all.slice(0, 3);
}
