// A small client of the Centrifuge protocol over WebSocket, JSON form, for a binary that was built without the official
// one (see build.rs). It has that one's interface as far as the demo page uses it. Commands and replies are objects,
// several to a frame, one on each line; an empty object is a ping.
"use strict";

(() => {
  const RETRY_MS_MIN = 300;
  const RETRY_MS_MAX = 5000;
  // Codes of a close after which the server does not want the client back.
  const isFinal = (code) => code === 1009 || (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000);

  class Emitter {
    #handlers = new Map();

    on(event, handler) {
      this.#handlers.set(event, handler);
      return this;
    }

    emit(event, context) {
      this.#handlers.get(event)?.(context);
    }
  }

  class Subscription extends Emitter {
    #client;
    #channel;
    #request;
    #position = null;

    constructor(client, channel, { joinLeave, ...flags }) {
      super();
      this.#client = client;
      this.#channel = channel;
      this.#request = { channel, ...flags, join_leave: joinLeave };
    }

    subscribe() {
      if (this.#client.isConnected) this.begin();
    }

    publish(data) {
      return this.#client.ask({ publish: { channel: this.#channel, data } });
    }

    async presence() {
      const { presence } = await this.#client.ask({ presence: { channel: this.#channel } });
      return { clients: presence };
    }

    history(options) {
      return this.#client.ask({ history: { channel: this.#channel, ...options } });
    }

    // The reply is dealt with at once and not in a promise, because the channel's first messages may be in the same frame.
    begin() {
      const wasRecovering = this.#position !== null;
      const request = { ...this.#request, ...(wasRecovering && { recover: true, ...this.#position }) };
      const subscribed = ({ epoch = "", offset = 0, recovered = false, publications = [] }) => {
        if (!recovered) this.#position = { offset, epoch };
        this.emit("subscribed", { wasRecovering, recovered, streamPosition: { offset, epoch } });
        publications.forEach((publication) => this.push({ pub: publication }));
      };
      this.#client.send({ subscribe: request }, subscribed, (error) => this.emit("error", { error }));
    }

    push({ pub, join, leave, unsubscribe }) {
      if (pub?.offset && this.#position) this.#position.offset = pub.offset;
      if (pub) this.emit("publication", pub);
      if (join) this.emit("join", join);
      if (leave) this.emit("leave", leave);
      if (unsubscribe?.code >= 2500) this.begin();
    }
  }

  class Centrifuge extends Emitter {
    #url;
    #getToken;
    #socket = null;
    #isWanted = false;
    #retryTimer = 0;
    #retries = 0;
    #lastId = 0;
    #waiting = new Map();
    #subscriptions = new Map();
    isConnected = false;

    constructor(url, { getToken }) {
      super();
      this.#url = url;
      this.#getToken = getToken;
    }

    newSubscription(channel, options) {
      const subscription = new Subscription(this, channel, options);
      this.#subscriptions.set(channel, subscription);
      return subscription;
    }

    connect() {
      if (this.#isWanted) return;
      this.#isWanted = true;
      this.#retries = 0;
      this.emit("connecting", { code: 0, reason: "connect called" });
      this.#open();
    }

    disconnect() {
      this.#finish(0, "disconnect called");
    }

    ask(command) {
      return new Promise((resolve, reject) => this.send(command, resolve, reject));
    }

    send(command, resolve, reject) {
      if (this.#socket?.readyState !== WebSocket.OPEN) return reject(new Error("not connected"));
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, ...command }));
    }

    async #open() {
      let token;
      try {
        token = await this.#getToken();
      } catch (error) {
        return this.#retry(1, error.message);
      }
      if (!this.#isWanted || this.#socket) return;
      const socket = new WebSocket(this.#url);
      this.#socket = socket;
      const isCurrent = () => this.#socket === socket;
      socket.onopen = () => isCurrent() && this.#greet(token);
      socket.onmessage = (event) => isCurrent() && this.#read(event.data);
      socket.onclose = ({ code, reason }) => {
        if (isCurrent()) isFinal(code) ? this.#finish(code, reason) : this.#retry(code, reason);
      };
    }

    async #greet(token) {
      try {
        const { client } = await this.ask({ connect: { token, name: "natter-demo" } });
        this.#retries = 0;
        this.isConnected = true;
        this.emit("connected", { client });
        this.#subscriptions.forEach((subscription) => subscription.begin());
      } catch (error) {
        if (this.#socket) this.#retry(2, error.message);
      }
    }

    #read(frame) {
      for (const line of frame.split("\n")) {
        const reply = JSON.parse(line);
        if (reply.push) this.#subscriptions.get(reply.push.channel)?.push(reply.push);
        else if (reply.id) this.#settle(reply);
        else this.#socket?.send("{}");
      }
    }

    #settle({ id, error, ...result }) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(`${error.code} ${error.message}`));
      else waiting?.resolve(Object.values(result)[0] ?? {});
    }

    #retry(code, reason) {
      this.#close();
      if (!this.#isWanted) return;
      this.emit("connecting", { code, reason });
      const ceiling = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#retries++);
      this.#retryTimer = setTimeout(() => this.#open(), ceiling * (0.5 + Math.random() / 2));
    }

    #finish(code, reason) {
      this.#isWanted = false;
      clearTimeout(this.#retryTimer);
      this.#close();
      this.emit("disconnected", { code, reason });
    }

    #close() {
      const socket = this.#socket;
      this.#socket = null;
      this.isConnected = false;
      socket?.close();
      this.#waiting.forEach(({ reject }) => reject(new Error("the connection has ended")));
      this.#waiting.clear();
    }
  }

  globalThis.Centrifuge = Centrifuge;
})();
