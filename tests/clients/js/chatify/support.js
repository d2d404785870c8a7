// A node that serves the Chatify document, and people who sign in with it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { Centrifuge } from 'centrifuge';
import { io } from 'socket.io-client';
import WebSocket from 'ws';

import { Natter } from '../support/natter.js';

const EVENT_TIMEOUT_MS = 15_000;

export const PASSWORD = 'correct horse';
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const ID = /^[0-9a-f]{24}$/;

/** A node with everything that can meet in a conversation, and limits that no test meets by chance. */
export function start(settings = {}) {
  return Natter.start({
    NATTER__LISTENERS__0__PLUGINS__1: 'chatify',
    NATTER__LISTENERS__0__PLUGINS__2: 'chatsdk',
    NATTER__LISTENERS__0__PLUGINS__3: 'socketio',
    NATTER__PLUGINS__CHATIFY__REGISTRATIONS_PER_MINUTE: '100000',
    NATTER__PLUGINS__CHATSDK__LIMITS__TOKENS_PER_MINUTE: '100000',
    NATTER__PLUGINS__CHATSDK__LIMITS__MESSAGES_PER_MINUTE: '100000',
    NATTER__PLUGINS__CHATSDK__LIMITS__REQUESTS_PER_MINUTE: '100000',
    ...settings,
  });
}

/** Calls the API. The answer is `{status, headers, json, data}`. */
export async function ask(natter, method, path, { token, body, headers = {} } = {}) {
  const isForm = body instanceof FormData || body instanceof URLSearchParams;
  const response = await fetch(`${natter.http}/api/v1${path}`, {
    method,
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body !== undefined && !isForm ? { 'Content-Type': 'application/json' } : {}),
      ...headers,
    },
    body: body === undefined || isForm || typeof body === 'string' ? body : JSON.stringify(body),
  });
  const json = await response.json();
  return { status: response.status, headers: response.headers, json, data: json.data };
}

/** Checks a success, and answers with its data. */
export function succeeds(answer, status) {
  assert.equal(answer.status, status, JSON.stringify(answer.json));
  assert.deepEqual(Object.keys(answer.json), ['status', 'data']);
  assert.equal(answer.json.status, 'success');
  return answer.data;
}

/** Checks an error. */
export function fails(answer, status) {
  assert.equal(answer.status, status, JSON.stringify(answer.json));
  assert.deepEqual(Object.keys(answer.json), ['status', 'message']);
  assert.equal(answer.json.status, 'error');
  assert.ok(answer.json.message.length > 0);
}

/** The id of the same thing in ChatSDK. */
export function uuid(id) {
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-8${id.slice(12, 15)}-8${id.slice(15, 18)}-${id.slice(18)}000000`;
}

/** Somebody with an account. */
export class Person {
  static async register(natter, name = 'Ada') {
    const email = `${name.toLowerCase()}.${randomUUID()}@example.com`;
    const answer = await ask(natter, 'POST', '/auth/register', { body: { name, email, password: PASSWORD } });
    return Person.of(natter, succeeds(answer, 201));
  }

  static of(natter, { user, token, refreshToken }) {
    return Object.assign(new Person(), { natter, id: user._id, name: user.name, email: user.email, token, refreshToken });
  }

  /** The same person once more, in a session of its own. */
  async login(password = PASSWORD) {
    const answer = await ask(this.natter, 'POST', '/auth/login', { body: { email: this.email, password } });
    return Person.of(this.natter, succeeds(answer, 200));
  }

  call(method, path, body, headers) {
    return ask(this.natter, method, path, { token: this.token, body, headers });
  }

  async get(path) {
    return succeeds(await this.call('GET', path), 200);
  }

  async talkTo(other) {
    const answer = await this.call('POST', '/conversation', { receiver_id: other.id });
    return succeeds(answer, answer.status).conversation;
  }

  async say(conversation, message) {
    return succeeds(await this.call('POST', '/message', { convo_id: conversation, message }), 201).message;
  }

  refresh(refreshToken = this.refreshToken) {
    return ask(this.natter, 'POST', '/auth/refreshtoken', { body: { refreshToken } });
  }

  /** A socket that collects its events. */
  socket(options = {}) {
    const client = io(this.natter.http, {
      path: '/socket.io/', forceNew: true, transports: ['websocket'], auth: { token: this.token },
      reconnection: false, ...options,
    });
    return new Live(client, this.name);
  }

  /** A connection of Centrifugo's protocol. */
  centrifuge(options = {}) {
    return new Centrifuge(this.natter.url, {
      websocket: WebSocket, token: this.token, minReconnectDelay: 20, maxReconnectDelay: 200, ...options,
    });
  }
}

/** A socket with the events that have come and that nobody has asked for yet. */
export class Live {
  constructor(client, name) {
    Object.assign(this, { client, name, events: [], waiting: [] });
    client.onAny((event, data) => this.take(event, data));
    for (const event of ['connect', 'disconnect', 'connect_error']) {
      client.on(event, (data) => this.take(event, data));
    }
  }

  take(name, data) {
    this.events.push({ name, data });
    this.waiting.forEach((look) => look());
  }

  async connected() {
    await this.next('connect');
    return this;
  }

  /** The next event of a name for which `accepts` holds, which is then no longer there. */
  next(name, accepts = () => true) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const at = this.events.findIndex((each) => each.name === name && accepts(each.data));
        if (at < 0) return;
        clearTimeout(timer);
        this.waiting = this.waiting.filter((each) => each !== look);
        resolve(this.events.splice(at, 1)[0].data);
      };
      const timer = setTimeout(() => {
        const seen = this.events.map((each) => each.name).join(' ');
        reject(new Error(`no ${name} for ${this.name}; there are: ${seen}`));
      }, EVENT_TIMEOUT_MS);
      this.waiting.push(look);
      look();
    });
  }

  /** Events of a name that have come and that nobody has asked for. */
  left(name) {
    return this.events.filter((each) => each.name === name).map((each) => each.data);
  }

  ask(event, data) {
    return this.client.timeout(EVENT_TIMEOUT_MS).emitWithAck(event, data);
  }

  close() {
    this.client.close();
  }
}
