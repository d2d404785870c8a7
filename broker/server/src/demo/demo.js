// The page: two panes, each with a connection of its own to the same channel. `Centrifuge` comes from centrifuge.js.

const ROWS_MAX = 200;
const HISTORY_LIMIT = 20;
const channelInput = document.querySelector("#channel");
const socketUrl = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/connection/websocket`;

async function tokenOf(user) {
  const response = await fetch(`/demo/token?user=${encodeURIComponent(user)}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer.token;
}

class Pane {
  #root;
  #user;
  #client;
  #subscription;
  #members = new Map();
  #replayed = null;

  constructor(root, channel) {
    this.#root = root;
    this.#user = root.dataset.user;
    this.#client = new Centrifuge(socketUrl, { getToken: () => tokenOf(this.#user) });
    this.#client.on("connecting", ({ code, reason }) => this.#connecting(code, reason));
    this.#client.on("connected", ({ client }) => this.#showState("connected", client));
    this.#client.on("disconnected", ({ code, reason }) => this.#disconnected(code, reason));
    this.#subscription = this.#client.newSubscription(channel, { positioned: true, recoverable: true, joinLeave: true });
    this.#subscription.on("subscribed", (context) => this.#subscribed(context));
    this.#subscription.on("error", ({ error }) => this.#note(`not subscribed: ${error.message}`, "warn"));
    this.#subscription.on("publication", (publication) => this.#publication(publication));
    this.#subscription.on("join", ({ info }) => this.#joined(info));
    this.#subscription.on("leave", ({ info }) => this.#left(info));
    this.#subscription.subscribe();
    this.#find("form").onsubmit = (event) => this.#send(event);
    this.#find(".history").onclick = () => this.#history();
    this.#find(".toggle").onclick = () => this.#toggle();
    this.#note(`channel ${channel}`);
    this.#client.connect();
  }

  close() {
    this.#client.disconnect();
    this.#find(".log").replaceChildren();
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  #showState(state, detail) {
    this.#root.dataset.state = state;
    this.#find(".state").textContent = state;
    this.#find(".state").title = detail;
    const isEnded = state === "disconnected" || state === "refused";
    this.#find(".toggle").textContent = isEnded ? "Reconnect" : "Disconnect";
    if (state !== "connected") this.#setMembers({});
  }

  // A code says that the connection was lost, or not to be had; the client tries again by itself.
  #connecting(code, reason) {
    this.#showState(code ? "waiting" : "connecting", reason);
    if (code) this.#note(`waiting: ${code} ${reason}`, "warn");
  }

  #disconnected(code, reason) {
    this.#showState(code ? "refused" : "disconnected", reason);
    this.#note(code ? `refused: ${code} ${reason}` : "disconnected", code ? "warn" : "");
  }

  async #subscribed({ wasRecovering, recovered, streamPosition }) {
    if (recovered) this.#countReplayed();
    else if (wasRecovering) this.#note("too much was missed to recover: see the history", "warn");
    else this.#note(`subscribed at offset ${streamPosition?.offset ?? 0}`);
    try {
      this.#setMembers((await this.#subscription.presence()).clients);
    } catch (error) {
      this.#note(`no presence: ${error.message}`, "warn");
    }
  }

  // What was missed comes before the client does anything else.
  #countReplayed() {
    this.#replayed = 0;
    queueMicrotask(() => {
      this.#note(`recovered ${this.#replayed} message${this.#replayed === 1 ? "" : "s"}`, "good");
      this.#replayed = null;
    });
  }

  #publication({ data, info, offset }) {
    const isReplayed = this.#replayed !== null;
    if (isReplayed) this.#replayed += 1;
    this.#message(data, info, offset, isReplayed ? "replayed" : "");
  }

  #joined(info) {
    if (this.#members.has(info.client)) return;
    this.#members.set(info.client, info.user);
    this.#showMembers();
    this.#note(`${info.user || "somebody"} joined`);
  }

  #left(info) {
    this.#members.delete(info.client);
    this.#showMembers();
    this.#note(`${info.user || "somebody"} left`);
  }

  #setMembers(presence) {
    this.#members = new Map(Object.values(presence).map((info) => [info.client, info.user]));
    this.#showMembers();
  }

  #showMembers() {
    const names = [...this.#members.values()].sort();
    this.#find(".count").textContent = names.length;
    this.#find(".members").replaceChildren(...names.map((name) => element("li", "", name || "anonymous")));
  }

  async #send(event) {
    event.preventDefault();
    const input = this.#find("input");
    const text = input.value.trim();
    if (!text) return;
    try {
      await this.#subscription.publish({ text });
      input.value = "";
    } catch (error) {
      this.#note(`not sent: ${error.message}`, "warn");
    }
  }

  async #history() {
    try {
      const { publications, offset } = await this.#subscription.history({ limit: HISTORY_LIMIT, reverse: true });
      this.#note(`history: the last ${publications.length} of ${offset}`, "good");
      publications.reverse().forEach(({ data, info, offset }) => this.#message(data, info, offset, "replayed"));
    } catch (error) {
      this.#note(`no history: ${error.message}`, "warn");
    }
  }

  #toggle() {
    if (["disconnected", "refused"].includes(this.#root.dataset.state)) this.#client.connect();
    else this.#client.disconnect();
  }

  #message(data, info, offset, kind) {
    const user = info?.user || "server";
    const row = element("li", `message ${kind} ${user === this.#user ? "own" : ""}`);
    const text = typeof data?.text === "string" ? data.text : JSON.stringify(data);
    const mark = element("span", "offset", offset ? `#${offset}` : "");
    row.append(mark, element("b", "", user), element("span", "text", text));
    this.#append(row);
  }

  #note(text, kind = "") {
    this.#append(element("li", `note ${kind}`, text));
  }

  #append(row) {
    const log = this.#find(".log");
    log.append(row);
    while (log.childElementCount > ROWS_MAX) log.firstElementChild.remove();
    log.scrollTop = log.scrollHeight;
  }
}

function element(tag, classes, text = "") {
  const made = document.createElement(tag);
  made.className = classes;
  made.textContent = text;
  return made;
}

let panes = [];

function start() {
  panes.forEach((pane) => pane.close());
  const channel = channelInput.value.trim() || "lobby";
  panes = [...document.querySelectorAll(".pane")].map((root) => new Pane(root, channel));
}

document.querySelector("#channel-form").onsubmit = (event) => {
  event.preventDefault();
  start();
};
start();
