// A small client of the Centrifuge protocol over WebSocket, JSON form: enough for the demo page, and short enough to
// read. Commands and replies are objects, several to a frame, one on each line; an empty object is a ping.

const RETRY_MS_MIN = 300;
const RETRY_MS_MAX = 5000;
// Codes of a close after which the server does not want the client back.
const isFinal = (code) => code === 1009 || (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000);

export class Client {
  #url;
  #getToken;
  #on;
  #socket = null;
  #wanted = false;
  #retryTimer = 0;
  #retries = 0;
  #lastId = 0;
  #waiting = new Map();
  #subscriptions = new Map();

  // `on` has callbacks: state(text, detail), subscribed(channel, result), publication(channel, publication),
  // join(channel, info), leave(channel, info).
  constructor(url, getToken, on) {
    this.#url = url;
    this.#getToken = getToken;
    this.#on = on;
  }

  connect() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#retries = 0;
    this.#open();
  }

  disconnect() {
    this.#wanted = false;
    clearTimeout(this.#retryTimer);
    this.#socket?.close(1000);
    this.#end("disconnected", "by you");
  }

  subscribe(channel) {
    this.#subscriptions.set(channel, { offset: 0, epoch: "", known: false });
    if (this.#socket) this.#resubscribe(channel);
  }

  publish(channel, data) {
    return this.#ask({ publish: { channel, data } });
  }

  presence(channel) {
    return this.#ask({ presence: { channel } }).then((result) => result.presence);
  }

  history(channel, limit) {
    return this.#ask({ history: { channel, limit, reverse: true } });
  }

  async #open() {
    this.#on.state("connecting", "");
    let token;
    try {
      token = await this.#getToken();
    } catch (error) {
      return this.#retry(error.message);
    }
    if (!this.#wanted || this.#socket) return;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    const isCurrent = () => this.#socket === socket;
    socket.onopen = () => isCurrent() && this.#greet(token);
    socket.onmessage = (event) => isCurrent() && this.#read(event.data);
    socket.onclose = (event) => {
      if (!isCurrent()) return;
      const why = `${event.code} ${event.reason}`.trim();
      if (isFinal(event.code)) {
        this.#wanted = false;
        this.#end("refused", why);
      } else {
        this.#retry(why);
      }
    };
  }

  async #greet(token) {
    try {
      const result = await this.#ask({ connect: { token, name: "natter-demo" } });
      this.#retries = 0;
      this.#on.state("connected", result.client);
      for (const channel of this.#subscriptions.keys()) this.#resubscribe(channel);
    } catch (error) {
      this.#retry(error.message);
    }
  }

  // Its reply is dealt with at once and not in a promise, because the channel's first messages may be in the same frame.
  #resubscribe(channel) {
    const position = this.#subscriptions.get(channel);
    const request = { channel, positioned: true, recoverable: true, join_leave: true };
    if (position.known) Object.assign(request, { recover: true, offset: position.offset, epoch: position.epoch });
    const subscribed = (result) => {
      position.known = true;
      position.epoch = result.epoch ?? "";
      if (!result.recovered) position.offset = result.offset ?? 0;
      this.#on.subscribed(channel, result);
      (result.publications ?? []).forEach((publication) => this.#deliver(channel, publication));
    };
    this.#send({ subscribe: request }, subscribed, (error) => this.#on.state("connected", error.message));
  }

  #ask(command) {
    return new Promise((resolve, reject) => this.#send(command, resolve, reject));
  }

  #send(command, resolve, reject) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return reject(new Error("not connected"));
    const id = ++this.#lastId;
    this.#waiting.set(id, { resolve, reject });
    this.#socket.send(JSON.stringify({ id, ...command }));
  }

  #read(frame) {
    for (const line of frame.split("\n")) {
      const reply = JSON.parse(line);
      if (reply.push) this.#push(reply.push);
      else if (reply.id) this.#settle(reply);
      else this.#socket.send("{}");
    }
  }

  #settle({ id, error, ...result }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(`${error.code} ${error.message}`));
    else waiting?.resolve(Object.values(result)[0] ?? {});
  }

  #push({ channel, pub, join, leave, unsubscribe }) {
    if (!this.#subscriptions.has(channel)) return;
    if (pub) this.#deliver(channel, pub);
    if (join) this.#on.join(channel, join.info);
    if (leave) this.#on.leave(channel, leave.info);
    if (unsubscribe && unsubscribe.code >= 2500) this.#resubscribe(channel);
  }

  #deliver(channel, publication) {
    if (publication.offset) this.#subscriptions.get(channel).offset = publication.offset;
    this.#on.publication(channel, publication);
  }

  #retry(why) {
    this.#end("waiting", why);
    if (!this.#wanted) return;
    const ceiling = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#retries++);
    this.#retryTimer = setTimeout(() => this.#open(), ceiling * (0.5 + Math.random() / 2));
  }

  #end(state, why) {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    for (const { reject } of this.#waiting.values()) reject(new Error("the connection has ended"));
    this.#waiting.clear();
    this.#on.state(state, why);
  }
}
