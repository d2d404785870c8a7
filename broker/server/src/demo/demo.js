// The page: two panes, each with a connection of its own to the same channel.

import { Client } from "/demo/client.js";

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
  #channel;
  #client;
  #members = new Map();
  #replayed = 0;

  constructor(root, channel) {
    this.#root = root;
    this.#user = root.dataset.user;
    this.#channel = channel;
    this.#client = new Client(socketUrl, () => tokenOf(this.#user), {
      state: (state, detail) => this.#showState(state, detail),
      subscribed: (_, result) => this.#subscribed(result),
      publication: (_, publication) => this.#publication(publication),
      join: (_, info) => this.#joined(info),
      leave: (_, info) => this.#left(info),
    });
    this.#client.subscribe(channel);
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
    const isUp = state === "connected" || state === "connecting";
    this.#find(".toggle").textContent = isUp || state === "waiting" ? "Disconnect" : "Reconnect";
    if (state === "waiting" || state === "refused") this.#note(`${state}: ${detail}`, "warn");
    if (state === "disconnected") this.#note("disconnected");
    if (!isUp) this.#setMembers({});
  }

  async #subscribed(result) {
    const missed = result.publications?.length ?? 0;
    this.#replayed = result.recovered ? missed : 0;
    if (result.recovered) this.#note(`recovered ${missed} message${missed === 1 ? "" : "s"}`, "good");
    else if (result.was_recovering) this.#note("too much was missed to recover: see the history", "warn");
    else this.#note(`subscribed at offset ${result.offset ?? 0}`);
    try {
      this.#setMembers(await this.#client.presence(this.#channel));
    } catch (error) {
      this.#note(`no presence: ${error.message}`, "warn");
    }
  }

  #publication({ data, info, offset }) {
    const kind = this.#replayed > 0 ? "replayed" : "";
    this.#replayed = Math.max(0, this.#replayed - 1);
    this.#message(data, info, offset, kind);
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
      await this.#client.publish(this.#channel, { text });
      input.value = "";
    } catch (error) {
      this.#note(`not sent: ${error.message}`, "warn");
    }
  }

  async #history() {
    try {
      const { publications, offset } = await this.#client.history(this.#channel, HISTORY_LIMIT);
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
