// Rooms: who gets what, with the official clients of three generations.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';

import { Conformance } from '../support/conformance.js';
import { ask, connected, withEveryClient } from '../support/sockets.js';

let server;
before(async () => { server = await Conformance.start(); });
after(() => server.stop());

/** Three connected clients that note what reaches them from rooms. */
async function three(open) {
  const sockets = [open(), open(), open()];
  const seen = sockets.map((socket) => {
    const messages = [];
    socket.on('room-msg', (room, data) => messages.push(data));
    return messages;
  });
  await Promise.all(sockets.map(connected));
  return { sockets, seen };
}

/** What has been sent before this has arrived when every client has its own answer. */
const settle = (sockets) => Promise.all(sockets.map((socket) => ask(socket, 'message-with-ack', 'settle')));

withEveryClient('a room reaches its members, with or without the sender', () => server, async ({ open }) => {
  const { sockets, seen } = await three(open);
  const room = randomUUID();
  const [a, b, c] = sockets;
  assert.deepEqual(await ask(a, 'join-room', room), [{ room, in: true }]);
  await ask(b, 'join-room', room);
  assert.deepEqual(await ask(a, 'room-send', room, 'others'), ['ok']);
  assert.deepEqual(await ask(a, 'room-send-all', room, { to: 'all' }), ['ok']);
  assert.deepEqual(await ask(c, 'room-send', room, 'from outside'), ['ok']);
  await settle(sockets);
  assert.deepEqual(seen, [[{ to: 'all' }, 'from outside'], ['others', { to: 'all' }, 'from outside'], []]);
});

withEveryClient('a room that was left is silent', () => server, async ({ open }) => {
  const { sockets, seen } = await three(open);
  const room = randomUUID();
  const [a, b] = sockets;
  await ask(a, 'join-room', room);
  await ask(b, 'join-room', room);
  assert.deepEqual(await ask(a, 'leave-room', room), [{ room, in: false }]);
  await ask(b, 'room-send-all', room, 1);
  await settle(sockets);
  assert.deepEqual(seen, [[], [1], []]);
  assert.deepEqual(await ask(a, 'room-ids', room), [[b.id]]);
});

withEveryClient('members of another room, or one socket, can be left out', () => server, async ({ open }) => {
  const { sockets, seen } = await three(open);
  const [room, other] = [randomUUID(), randomUUID()];
  const [a, b, c] = sockets;
  await Promise.all(sockets.map((socket) => ask(socket, 'join-room', room)));
  await ask(b, 'join-room', other);
  await ask(a, 'room-send-except', room, other, 'not b');
  await ask(a, 'room-send-except', room, c.id, 'not c');
  await settle(sockets);
  assert.deepEqual(seen, [['not b', 'not c'], ['not c'], ['not b']]);
});

withEveryClient('a socket is a room', () => server, async ({ open }) => {
  const { sockets, seen } = await three(open);
  const [a, b] = sockets;
  await ask(a, 'room-send', b.id, 'for you');
  await ask(a, 'room-send', a.id, 'not for me');
  await ask(a, 'room-send-all', a.id, 'for me');
  await settle(sockets);
  assert.deepEqual(seen, [['for me'], ['for you'], []]);
});

withEveryClient('members are listed, and gone ones are not', () => server, async ({ open }) => {
  const { sockets } = await three(open);
  const room = randomUUID();
  const [a, b, c] = sockets;
  await ask(a, 'join-room', room);
  await ask(b, 'join-room', room);
  assert.deepEqual(await ask(c, 'room-ids', room), [[a.id, b.id].sort()]);
  b.disconnect();
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const [ids] = await ask(c, 'room-ids', room);
    if (ids.length === 1) return assert.deepEqual(ids, [a.id]);
  }
  return assert.fail('a socket that is gone is still listed');
});

withEveryClient('bytes reach a room whole', () => server, async ({ open }) => {
  const { sockets, seen } = await three(open);
  const room = randomUUID();
  await Promise.all(sockets.map((socket) => ask(socket, 'join-room', room)));
  await ask(sockets[0], 'room-send', room, { note: 'text' });
  await ask(sockets[0], 'room-send', room, ['☃', 2]);
  await settle(sockets);
  assert.deepEqual(seen, [[], [{ note: 'text' }, ['☃', 2]], [{ note: 'text' }, ['☃', 2]]]);
});
