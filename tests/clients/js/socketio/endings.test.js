// How connections end, and which of them come back, with the official clients of three generations.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';

import { Conformance } from '../support/conformance.js';
import { pause } from '../support/natter.js';
import { ask, connected, event, settled, withEveryClient } from '../support/sockets.js';

let server;
before(async () => { server = await Conformance.start(); });
after(() => server.stop());

/** A tagged client and the reason that the server finds for its end. */
async function tagged(open, transport) {
  const socket = open('/', { reconnection: false });
  await settled(socket, transport);
  const name = randomUUID();
  assert.deepEqual(await ask(socket, 'tag', name), [socket.id]);
  const observer = await connected(open());
  const reason = async () => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const [found] = await ask(observer, 'reason-of', name);
      if (found) return found;
      await pause(20);
    }
    return null;
  };
  return { socket, reason };
}

withEveryClient('a client leaves', () => server, async ({ open, transport }) => {
  const { socket, reason } = await tagged(open, transport);
  socket.disconnect();
  assert.equal(await reason(), 'client namespace disconnect');
});

withEveryClient('a connection breaks', () => server, async ({ open, transport }) => {
  const { socket, reason } = await tagged(open, transport);
  const { engine } = socket.io;
  engine.close();
  assert.equal(await reason(), 'transport close');
});

withEveryClient('the server puts a client out, and it stays out', () => server, async ({ open, transport }) => {
  const { socket, reason } = await tagged(open, transport);
  const gone = event(socket, 'disconnect');
  socket.emit('server-disconnect');
  assert.equal((await gone)[0], 'io server disconnect');
  assert.equal(await reason(), 'server namespace disconnect');
  assert.equal(socket.connected, false);
});

withEveryClient('the server ends a connection for good', () => server, async ({ open, transport }) => {
  const { socket, reason } = await tagged(open, transport);
  const gone = event(socket, 'disconnect');
  socket.emit('server-disconnect', true);
  assert.equal((await gone)[0], 'io server disconnect');
  assert.equal(await reason(), 'server namespace disconnect');
});

withEveryClient('a connection that is lost comes back by itself', () => server, async ({ open, transport }) => {
  const socket = open();
  await settled(socket, transport);
  const first = socket.id;
  const gone = event(socket, 'disconnect');
  const back = event(socket, 'connect');
  socket.emit('drop-transport');
  assert.equal((await gone)[0], 'transport close');
  await back;
  assert.notEqual(socket.id, first);
  assert.deepEqual(await ask(socket, 'message-with-ack', 'again'), ['again']);
});

withEveryClient('a message beyond the limit ends the connection', () => server, async ({ open, transport }) => {
  const socket = open('/', { reconnection: false });
  await settled(socket, transport);
  const gone = event(socket, 'disconnect');
  socket.emit('message', 'x'.repeat(1_100_000));
  const expected = transport.name === 'polling' ? 'transport error' : 'transport close';
  assert.equal((await gone)[0], expected);
});
