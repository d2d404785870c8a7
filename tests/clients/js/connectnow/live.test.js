// A chat on sockets: Socket.IO and Centrifugo's protocol, with the chat user's token, and the end of both.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { Centrifuge } from 'centrifuge';
import { io } from 'socket.io-client';
import WebSocket from 'ws';

import { pause } from '../support/natter.js';
import { ADA, call, chatSdk, enter, newChat, ok, startConnectNow, uuid } from './support.js';

const EVENTS = ['message', 'message-updated', 'message-deleted', 'user-joined', 'user-left', 'typing'];
const WAIT_ATTEMPTS = 300;
const WAIT_PAUSE_MS = 50;

async function until(what, test) {
  for (let attempt = 0; attempt < WAIT_ATTEMPTS; attempt += 1) {
    const found = await test();
    if (found) return found;
    await pause(WAIT_PAUSE_MS);
  }
  throw new Error(`never: ${what}`);
}

describe('a chat on sockets', () => {
  let natter;
  const open = [];
  before(async () => { natter = await startConnectNow(); });
  after(async () => {
    open.forEach((close) => close());
    await natter.remove();
  });

  /** A connected socket that gathers its events. */
  async function socket(token) {
    const client = io(natter.base, { auth: { token }, transports: ['websocket'], reconnection: false });
    open.push(() => client.disconnect());
    client.seen = [];
    for (const name of EVENTS) client.on(name, (payload) => client.seen.push([name, payload]));
    client.next = (name) => until(name, () => {
      const place = client.seen.findIndex(([seen]) => seen === name);
      return place >= 0 && client.seen.splice(place, 1)[0][1];
    });
    await new Promise((done, fail) => { client.once('connect', done); client.once('connect_error', fail); });
    return client;
  }

  /** A connected client of Centrifugo's protocol that gathers the publications of its channels. */
  async function centrifuge(token) {
    const client = new Centrifuge(`${natter.base.replace('http', 'ws')}/connection/websocket`, { token, websocket: WebSocket });
    open.push(() => client.disconnect());
    client.seen = [];
    client.on('publication', ({ channel, data }) => client.seen.push([channel, data]));
    client.connect();
    await client.ready(15_000);
    return client;
  }

  test('both see messages, edits, deletions, and who comes, goes and types', async () => {
    const chat = await newChat(natter);
    const [ann, ben] = [await enter(natter, chat, 'ann@example.com', 'Ann'), await enter(natter, chat, 'ben@example.com', 'Ben')];
    const { realtime_channel: channel } = await ok(natter, 'GET', '/api/chat-user', ann.token);
    const [annSocket, benSocket, benLive] = [await socket(ann.token), await socket(ben.token), await centrifuge(ben.token)];
    const users = async () => (await call(natter, 'GET', `/api/chats/${chat.id}/users`, { token: ADA })).body.data;
    assert.deepEqual((await users()).map(({ online }) => online), [true, true]);

    const path = `/api/chats/${chat.id}/messages`;
    const sent = await ok(natter, 'POST', path, ann.token, { message: 'Hello' });
    for (const client of [annSocket, benSocket]) assert.deepEqual(await client.next('message'), sent);
    await until('the publication', () => benLive.seen.some(([name, data]) => name === channel && data.type === 'message.new' && data.payload.message.text === 'Hello'));
    const edited = await ok(natter, 'PUT', `${path}/${sent.id}`, ADA, { message: 'Hello!' });
    assert.deepEqual(await benSocket.next('message-updated'), edited);
    await ok(natter, 'DELETE', `${path}/${sent.id}`, ann.token);
    const deleted = await benSocket.next('message-deleted');
    assert.deepEqual([deleted.id, deleted.chat_id, deleted.chat_user_id], [sent.id, chat.id, ann.id]);

    annSocket.emit('typing', {});
    const typing = await benSocket.next('typing');
    assert.deepEqual([typing.id, typing.email, typing.online], [ann.id, 'ann@example.com', true]);
    await until('typing.start', () => benLive.seen.some(([, data]) => data.type === 'typing.start' && data.payload.userId === ann.id));
    assert.ok(!annSocket.seen.some(([name]) => name === 'typing'));

    const cid = await enter(natter, chat, 'cid@example.com', 'Cid');
    const joined = await annSocket.next('user-joined');
    assert.deepEqual([joined.id, joined.email, joined.name], [cid.id, 'cid@example.com', 'Cid']);
    await ok(natter, 'DELETE', `/api/chats/${chat.id}/users/${cid.id}`, ADA);
    const left = await annSocket.next('user-left');
    assert.deepEqual([left.id, left.email, left.name], [cid.id, 'cid@example.com', 'Cid']);
  });

  test('removal ends both connections at once, and the token opens none', async () => {
    const chat = await newChat(natter);
    const ann = await enter(natter, chat, 'ann@example.com');
    const [annSocket, annLive] = [await socket(ann.token), await centrifuge(ann.token)];
    const ends = [once(annSocket, 'disconnect'), new Promise((done) => annLive.once('disconnected', done))];
    await ok(natter, 'DELETE', `/api/chats/${chat.id}/users/${ann.id}`, ADA);
    await Promise.all(ends);
    await assert.rejects(socket(ann.token), /invalid token/);
    const again = new Centrifuge(`${natter.base.replace('http', 'ws')}/connection/websocket`, { token: ann.token, websocket: WebSocket });
    open.push(() => again.disconnect());
    const refused = new Promise((done) => again.once('disconnected', done));
    again.connect();
    assert.equal((await refused).code, 3500);
  });

  test('a token sees its own chat only', async () => {
    const [chat, other] = [await newChat(natter), await newChat(natter)];
    const [ann, eve] = [await enter(natter, chat, 'ann@example.com'), await enter(natter, other, 'eve@example.com')];
    const [eveSocket, eveLive] = [await socket(eve.token), await centrifuge(eve.token)];
    await ok(natter, 'POST', `/api/chats/${chat.id}/messages`, ann.token, { message: 'not for Eve' });
    const hers = await ok(natter, 'POST', `/api/chats/${other.id}/messages`, eve.token, { message: 'for Eve' });
    assert.deepEqual(await eveSocket.next('message'), hers);
    await until('her own', () => eveLive.seen.some(([, data]) => data.payload.message?.text === 'for Eve'));
    assert.ok(!JSON.stringify([eveSocket.seen, eveLive.seen]).includes('not for Eve'));
    const { realtime_channel: channel } = await ok(natter, 'GET', '/api/chat-user', ann.token);
    const subscription = eveLive.newSubscription(channel);
    const denied = new Promise((done) => subscription.once('unsubscribed', done));
    subscription.subscribe();
    assert.equal((await denied).code, 103);
  });

  test('a user is offline some seconds after the last connection', async () => {
    const chat = await newChat(natter);
    const ann = await enter(natter, chat, 'ann@example.com');
    const path = `/api/chats/${chat.id}/users/${ann.id}`;
    const isOnline = async () => (await ok(natter, 'GET', path, ADA)).online;
    assert.equal(await isOnline(), false);
    const client = await socket(ann.token);
    assert.equal(await isOnline(), true);
    client.disconnect();
    await pause(1_000);
    assert.equal(await isOnline(), true);
    await until('offline', async () => !(await isOnline()));
  });

  test('the deletion of a chat ends its connections', async () => {
    const chat = await newChat(natter);
    const ann = await enter(natter, chat, 'ann@example.com');
    const client = await socket(ann.token);
    const ended = once(client, 'disconnect');
    await ok(natter, 'DELETE', `/api/chats/${chat.id}`, ADA);
    await ended;
    assert.equal((await call(natter, 'GET', '/api/chat-user', { token: ann.token })).status, 401);
  });

  test('its deletion through another API ends them as well', async () => {
    const chat = await newChat(natter);
    const ann = await enter(natter, chat, 'ann@example.com');
    const [client, live] = [await socket(ann.token), await centrifuge(ann.token)];
    const ends = [once(client, 'disconnect'), new Promise((done) => live.once('disconnected', done))];
    const ada = await ok(natter, 'GET', '/api/user', ADA);
    await chatSdk(natter, ada.id, 'DELETE', `/api/channels/${uuid(chat.id)}`);
    await Promise.all(ends);
    assert.equal((await call(natter, 'GET', '/api/chat-user', { token: ann.token })).status, 401);
    await assert.rejects(socket(ann.token), /invalid token/);
  });
});
