// One workspace's screen. The bytes go from QEMU to this browser over loopback and nowhere else.
import RFB from '/novnc/core/rfb.js';

const id = location.pathname.split('/').pop();
const word = document.getElementById('word');
let rfb;

function connect() {
  rfb = new RFB(document.getElementById('view'), `ws://${location.host}/display/${id}`);
  rfb.scaleViewport = true;
  rfb.background = '#000';
  rfb.addEventListener('connect', () => { word.textContent = ''; rfb.focus(); });
  rfb.addEventListener('disconnect', () => {
    word.textContent = 'The screen is away; trying again';
    document.getElementById('view').replaceChildren();
    setTimeout(connect, 2000);
  });
}

const status = await (await fetch('/api/status')).json();
const workspace = status.workspaces.find(w => w.id === id);
if (workspace) {
  document.title = workspace.name;
  document.getElementById('title').textContent = workspace.name;
  document.body.style.setProperty('--hue', `var(--${{ Managed: 'managed', Personal: 'personal', Disposable: 'disposable' }[workspace.kind] ?? 'managed'})`);
}
connect();
