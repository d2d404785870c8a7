// A node that serves the campus document, its backend, and its users with their sockets.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

import { io } from 'socket.io-client';

import { Natter, pause } from '../support/natter.js';
import { OTHER_SECRET, token } from '../support/token.js';

const EVENT_ATTEMPTS = 300;
const EVENT_PAUSE_MS = 50;

export const ID = /^[0-9a-f]{24}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const SOCKET_ID = /^[A-Za-z0-9\-_]{16,25}$/;
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export const newId = () => randomBytes(12).toString('hex');

/** A node that serves campus, ChatSDK and Socket.IO. */
export function start(settings = {}) {
  return Natter.start({
    NATTER__LISTENERS__0__PLUGINS__2: 'chatsdk',
    NATTER__LISTENERS__0__PLUGINS__3: 'campus',
    NATTER__PLUGINS__CHATSDK__LIMITS__TOKENS_PER_MINUTE: '100000',
    NATTER__PLUGINS__CHATSDK__LIMITS__MESSAGES_PER_MINUTE: '100000',
    NATTER__PLUGINS__CHATSDK__LIMITS__REQUESTS_PER_MINUTE: '100000',
    ...settings,
  });
}

/** Calls the API. The answer is `{status, body, headers, text}`. */
export async function call(natter, method, path, { bearer, body, headers = {} } = {}) {
  const sent = { ...headers };
  if (bearer) sent.Authorization = `Bearer ${bearer}`;
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) sent['Content-Type'] ??= 'application/json';
  const payload = body === undefined || isForm || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${natter.http}${path}`, { method, headers: sent, body: payload });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json');
  return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

/** Status and shape of an error. */
export function refused(answer, status, word = '') {
  assert.equal(answer.status, status, answer.text);
  assert.deepEqual(Object.keys(answer.body).sort(), ['message', 'status']);
  assert.equal(answer.body.status, false);
  assert.ok(answer.body.message.includes(word), answer.body.message);
}

/** The tenant's backend: it tells of users and all that surrounds them. */
export async function sync(natter, lists, key = 'demo-api-key') {
  const answer = await call(natter, 'PUT', '/chats-sync', { body: lists, headers: { 'X-API-Key': key } });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

/** The fields of an object, whatever their order. */
export function fields(object, ...names) {
  assert.deepEqual(Object.keys(object).sort(), names.sort());
}

/** A form with texts and files (`{name: [content, fileName]}`). */
export function form(texts = {}, files = {}) {
  const made = new FormData();
  for (const [name, text] of Object.entries(texts)) made.append(name, text);
  for (const [name, [content, fileName]] of Object.entries(files)) made.append(name, new Blob([content]), fileName);
  return made;
}

/** A user of the tenant with a token that its backend has signed. */
export class User {
  constructor(natter, name, secret) {
    Object.assign(this, { natter, id: newId(), name, username: `${name}_1`, photo: `https://x.example/${name}.png` });
    this.bearer = secret ? token({ sub: this.id, aud: 'other' }, secret) : token({ sub: this.id });
    this.sockets = [];
  }

  /** Users who all follow each other, and are known by name. */
  static async circle(natter, ...names) {
    const users = names.map((name) => new User(natter, name));
    const ids = users.map(({ id }) => id);
    await sync(natter, {
      users: users.map(({ id: _id, name, username, photo }) => (
        { _id, name, username, photo, following: ids.filter((id) => id !== _id) })),
    });
    return users;
  }

  static stranger(natter) {
    return new User(natter, 'stranger', OTHER_SECRET);
  }

  get profile() {
    return { _id: this.id, name: this.name, username: this.username, photo: this.photo };
  }

  call(method, path, body, headers) {
    return call(this.natter, method, path, { bearer: this.bearer, body, headers });
  }

  /** Calls, and answers with the body of the expected status. */
  async ok(method, path, body, status = 200) {
    const answer = await this.call(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    return answer.body;
  }

  get(path) {
    return this.ok('GET', path);
  }

  async group(others, more = {}) {
    const participants = others.map(({ id }) => id);
    const body = { isGroup: true, name: 'Math 101', category: 'Study', participants, ...more };
    return (await this.ok('POST', '/chats', body, 201)).chat;
  }

  /** A chat of two, with the connection that it needs. */
  async pair(other, status = 201) {
    const _id = newId();
    await sync(this.natter, { meetMe: [{ _id, users: [this.id, other.id], status: 'accepted' }] });
    return (await this.ok('POST', '/chats', { user: other.id, meetMe: _id }, status)).chat;
  }

  async say(chat, text) {
    return (await this.ok('POST', `/chats/${chat._id}/messages`, { text }, 201)).message;
  }

  /** The caller's participant of a chat. */
  async participant(chat, user = this) {
    const { chat: seen } = await this.get(`/chats/${chat._id}`);
    return seen.participants.find((participant) => participant.user._id === user.id);
  }

  /** A socket that remembers what comes. */
  async connect() {
    const socket = io(this.natter.http, {
      auth: { token: this.bearer },
      transports: ['websocket'],
      forceNew: true,
    });
    const ear = new Ear(socket);
    this.sockets.push(ear);
    await new Promise((resolve, reject) => {
      socket.on('connect', resolve);
      socket.on('connect_error', reject);
    });
    return ear;
  }

  hangUp() {
    this.sockets.splice(0).forEach(({ socket }) => socket.close());
  }
}

/** A socket with all events that have come. */
export class Ear {
  constructor(socket) {
    this.socket = socket;
    this.heard = [];
    socket.onAny((name, payload) => this.heard.push({ name, payload }));
  }

  get id() {
    return this.socket.id;
  }

  all(name) {
    return this.heard.filter((event) => event.name === name).map(({ payload }) => payload);
  }

  /** The next event of a name that something holds for, taken out of what has come. */
  async next(name, holds = () => true) {
    for (let attempt = 0; attempt < EVENT_ATTEMPTS; attempt += 1) {
      const index = this.heard.findIndex((event) => event.name === name && holds(event.payload));
      if (index >= 0) return this.heard.splice(index, 1)[0].payload;
      await pause(EVENT_PAUSE_MS);
    }
    throw new Error(`no ${name}, but ${JSON.stringify(this.heard)}`);
  }
}
