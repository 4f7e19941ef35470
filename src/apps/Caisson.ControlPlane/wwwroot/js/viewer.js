// Shows one workspace in the whole window: asks the server for a stream, meets it at the gateway, speaks RFB by noVNC.
//
//   asking ──stream──▶ connecting ──first picture──▶ showing
//     │ refused            │ closed                     │ closed
//     ▼                    ▼                            ▼
//   stopped ◀──too often── waiting ──(1, 2, 4 … s)──▶ asking

const SLOW_MS = 6000;
const LONGEST_WAIT_MS = 10000;
const MOST_TRIES = 6;

let view = null;

export async function open(screen, page) {
  const { default: RFB } = await import("/novnc/core/rfb.js");
  view = new View(screen, page, RFB);
  view.ask();
}

export function close() {
  view?.end();
  view = null;
}

class View {
  constructor(screen, page, RFB) {
    this.page = page;
    this.RFB = RFB;
    this.target = screen.querySelector("[data-screen]");
    this.says = screen.querySelector(".viewer-says");
    this.tries = 0;
    this.scale = true;
    this.root = screen.closest(".viewer");
    this.does = (name) => this.root.querySelector(`[data-does="${name}"]`);
    this.does("ctrl-alt-del").onclick = () => { this.rfb?.sendCtrlAltDel(); this.rfb?.focus(); };
    this.does("again").onclick = () => { this.tries = 0; this.ask(); };
    this.does("whole").onclick = () => document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen();
    this.does("scale").onclick = () => this.setScale(!this.scale);
  }

  async ask() {
    this.say("Asking the PC for its screen.");
    this.slow = setTimeout(() => this.say("Still waiting for the PC.", "It opens the stream itself, at its next call. A PC that is switched off cannot."), SLOW_MS);
    let opened;
    try {
      opened = await this.page.invokeMethodAsync("OpenDisplay");
    } catch {
      opened = { refused: "The server did not answer." };
    }
    if (opened.refused) this.stop(opened.refused);
    else if (!this.ended) this.meet(opened.path);
  }

  meet(path) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.rfb = new this.RFB(this.target, `${scheme}://${location.host}${path}`, { shared: true });
    this.rfb.background = "transparent";
    this.rfb.addEventListener("connect", () => this.showing());
    this.rfb.addEventListener("disconnect", (event) => this.gone(event.detail.clean));
    this.rfb.addEventListener("securityfailure", () => this.stop("The PC’s screen asked for a password it should not have. Restart the workspace."));
  }

  showing() {
    clearTimeout(this.slow);
    this.tries = 0;
    this.says.hidden = true;
    this.root.dataset.state = "showing";
    this.does("ctrl-alt-del").disabled = false;
    this.setScale(this.scale);
    this.rfb.focus();
  }

  gone(clean) {
    clearTimeout(this.slow);
    this.rfb = null;
    this.does("ctrl-alt-del").disabled = true;
    if (this.ended || this.root.dataset.state === "stopped") return;
    if (++this.tries > MOST_TRIES) {
      this.stop("The screen does not come.", "The PC may be switched off or without network, or the workspace has stopped.");
      return;
    }
    this.say(clean ? "The workspace closed its screen." : "The stream broke off.", "Asking again in a moment. The workspace itself goes on running.");
    this.again = setTimeout(() => this.ask(), Math.min(LONGEST_WAIT_MS, 500 * 2 ** this.tries));
  }

  stop(words, more) {
    clearTimeout(this.slow);
    this.say(words, more);
    this.root.dataset.state = "stopped";
    this.does("again").hidden = false;
  }

  say(words, more = "") {
    this.root.dataset.state = "asking";
    this.says.hidden = false;
    this.does("again").hidden = true;
    this.says.querySelector("[data-says]").textContent = words;
    this.says.querySelector("[data-more]").textContent = more;
  }

  setScale(on) {
    this.scale = on;
    this.does("scale").setAttribute("aria-pressed", String(on));
    if (!this.rfb) return;
    this.rfb.scaleViewport = on;
    this.rfb.clipViewport = !on;
    this.rfb.dragViewport = false;
  }

  end() {
    this.ended = true;
    clearTimeout(this.slow);
    clearTimeout(this.again);
    this.rfb?.disconnect();
  }
}
