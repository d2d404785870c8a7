// ChatSDK's API as an app uses it: a backend with its key, users with their tokens, and their live connections.

import assert from 'node:assert/strict';

import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';

import { connected, event, subscribed } from '../../support/client.js';
import { Natter } from '../../support/natter.js';

const EVENT_TIMEOUT_MS = 15_000;

/** A node that serves Centrifugo's protocol and ChatSDK, with limits that no test meets by chance. */
export function start(settings = {}) {
  return Natter.start({
    NATTER__LISTENERS__0__PLUGINS__1: 'chatsdk',
    NATTER__PLUGINS__CHATSDK__LIMITS__TOKENS_PER_MINUTE: '100000',
    NATTER__PLUGINS__CHATSDK__LIMITS__MESSAGES_PER_MINUTE: '100000',
    NATTER__PLUGINS__CHATSDK__LIMITS__REQUESTS_PER_MINUTE: '100000',
    ...settings,
  });
}

/** Calls the API. The answer is `{status, body, headers}`. */
export async function call(natter, method, path, { key = 'demo-api-key', token, body, headers = {} } = {}) {
  const sent = { ...headers };
  if (key) sent['X-API-Key'] = key;
  if (token) sent.Authorization = `Bearer ${token}`;
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) sent['Content-Type'] ??= 'application/json';
  const payload = body === undefined || isForm || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${natter.http}${path}`, { method, headers: sent, body: payload });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json');
  return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

/** Status, code and shape of an error. */
export function refused(answer, status, code, text = '') {
  assert.deepEqual([answer.status, answer.body?.error?.code], [status, code], answer.text);
  assert.deepEqual(Object.keys(answer.body), ['error']);
  assert.deepEqual(Object.keys(answer.body.error).sort(), ['code', 'message']);
  assert.ok(answer.body.error.message.includes(text), answer.body.error.message);
}

/** The fields of an object, whatever their order. */
export function fields(object, ...names) {
  assert.deepEqual(Object.keys(object).sort(), names.sort());
}

export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{6}000000$/;

/** A user of the app with both tokens. */
export class User {
  static async sign(natter, userId, profile = {}, key = 'demo-api-key') {
    const answer = await call(natter, 'POST', '/tokens', { key, body: { userId, ...profile } });
    assert.equal(answer.status, 200, answer.text);
    return Object.assign(new User(), { natter, key, id: userId, ...answer.body });
  }

  call(method, path, body, headers) {
    return call(this.natter, method, path, { key: this.key, token: this.token, body, headers });
  }

  /** Calls, and answers with the body of the expected status. */
  async ok(method, path, body, status = 200) {
    const answer = await this.call(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    return answer.body;
  }

  get(path) { return this.ok('GET', path); }

  group(name, memberIds = [], more = {}) {
    return this.ok('POST', '/api/channels', { name, type: 'group', memberIds, ...more }, 201);
  }

  say(channel, text, more = {}) {
    return this.ok('POST', `/api/channels/${channel}/messages`, { text, ...more }, 201);
  }

  client(token, options = {}) {
    return new Centrifuge(this.natter.url, {
      websocket: WebSocket, token, minReconnectDelay: 20, maxReconnectDelay: 200, ...options,
    });
  }

  /** Connects, and collects the events of the user's own channel and of those it subscribes to. */
  async connect(options = {}) {
    const client = this.client(this.wsToken, options);
    const live = new Live(client, this);
    client.on('publication', (context) => live.take(context.channel, context));
    await connected(client);
    return live;
  }
}

/** The live side of a user. */
export class Live {
  constructor(client, user) {
    Object.assign(this, { client, user, events: [], waiting: [] });
  }

  take(channel, { data, offset, tags }) {
    this.events.push({ channel, ...data, offset, tags });
    this.waiting.forEach((look) => look());
  }

  async watch(channelId) {
    const channel = `chat:${this.user.appId}:${channelId}`;
    const subscription = this.client.newSubscription(channel);
    subscription.on('publication', (context) => this.take(channel, context));
    this.context = await subscribed(subscription);
    return subscription;
  }

  /** The next event of a type for which `accepts` holds, which is then no longer there. */
  next(type, accepts = () => true) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const at = this.events.findIndex((each) => each.type === type && accepts(each.payload));
        if (at < 0) return;
        clearTimeout(timer);
        this.waiting = this.waiting.filter((each) => each !== look);
        resolve(this.events.splice(at, 1)[0]);
      };
      const timer = setTimeout(() => {
        const seen = this.events.map((each) => each.type).join(' ');
        reject(new Error(`no ${type} for ${this.user.id}; there are: ${seen}`));
      }, EVENT_TIMEOUT_MS);
      this.waiting.push(look);
      look();
    });
  }

  /** The Centrifugo error code of a subscription that is refused. */
  async refusal(channel) {
    const subscription = this.client.newSubscription(channel);
    const refused = event(subscription, 'unsubscribed');
    subscription.subscribe();
    return (await refused).code;
  }

  close() {
    this.client.disconnect();
  }
}
