// Connection state recovery: a client that comes back gets what it has missed, once and in order.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';

import { Conformance } from '../support/conformance.js';
import { ask, connected, event, GENERATIONS, settled, withEveryClient } from '../support/sockets.js';

let server;
before(async () => { server = await Conformance.start('--recovery'); });
after(() => server.stop());

const newest = { generations: GENERATIONS.filter(({ name }) => name === '4') };

/** A client that is in a room and has had one event, and one that can send to the room. */
async function pair(open, transport) {
  const socket = open('/', { reconnectionDelay: 400, reconnectionDelayMax: 400, randomizationFactor: 0 });
  await settled(socket, transport);
  const sender = await connected(open());
  const seen = [];
  socket.on('room-msg', (room, data) => seen.push(data));
  const room = randomUUID();
  await ask(socket, 'join-room', room);
  await ask(sender, 'room-send', room, 'first');
  await ask(socket, 'message-with-ack', 'settle');
  return { socket, sender, seen, room };
}

/** Breaks the connection; resolves to the promise of its return. */
async function lose(socket) {
  const gone = event(socket, 'disconnect');
  const back = event(socket, 'connect');
  socket.io.engine.close();
  await gone;
  return back;
}

withEveryClient('what was missed arrives once and in order', () => server, async ({ open, transport }) => {
  const { socket, sender, seen, room } = await pair(open, transport);
  const { id } = socket;
  const back = lose(socket);
  for (const number of [1, 2, 3]) await ask(sender, 'room-send', room, number);
  await (await back);
  assert.deepEqual([socket.recovered, socket.id], [true, id]);
  await ask(sender, 'room-send', room, 'later');
  await ask(socket, 'message-with-ack', 'settle');
  assert.deepEqual(seen, ['first', 1, 2, 3, 'later']);
}, newest);

withEveryClient('a client that comes back again and again loses nothing', () => server, async ({ open, transport }) => {
  const { socket, sender, seen, room } = await pair(open, transport);
  for (let turn = 0; turn < 3; turn += 1) {
    const back = lose(socket);
    if (turn > 0) await ask(sender, 'room-send-all', room, turn);
    await (await back);
    assert.equal(socket.recovered, true);
  }
  await ask(socket, 'message-with-ack', 'settle');
  assert.deepEqual(seen, ['first', 1, 2]);
  assert.deepEqual(await ask(sender, 'room-ids', room), [[socket.id]]);
}, newest);

withEveryClient('a client that has left on purpose starts afresh', () => server, async ({ open, transport }) => {
  const { socket, sender, seen, room } = await pair(open, transport);
  const { id } = socket;
  socket.disconnect();
  await ask(sender, 'room-send', room, 'missed');
  socket.connect();
  await connected(socket);
  assert.equal(socket.recovered, false);
  assert.notEqual(socket.id, id);
  assert.deepEqual(seen, ['first']);
}, newest);

withEveryClient('older clients connect as ever', () => server, async ({ open, transport }) => {
  const socket = open();
  await settled(socket, transport);
  assert.deepEqual(await ask(socket, 'message-with-ack', 1), [1]);
}, { generations: GENERATIONS.filter(({ name }) => name !== '4') });
