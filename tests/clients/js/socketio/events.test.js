// Events, acknowledgements, bytes and namespaces with the official clients of three generations.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';

import { Conformance } from '../support/conformance.js';
import { ask, connected, event, GENERATIONS, settled, withEveryClient } from '../support/sockets.js';

let server;
before(async () => { server = await Conformance.start(); });
after(() => server.stop());

withEveryClient('a client connects and ends up with its transport', () => server, async ({ open, transport }) => {
  const socket = open();
  const wanted = transport.name === 'polling' ? 'polling' : 'websocket';
  assert.equal(await settled(socket, transport), wanted);
  assert.deepEqual(await ask(socket, 'message-with-ack', 'still here'), ['still here']);
});

withEveryClient('arguments come back as they were sent', () => server, async ({ open }) => {
  const socket = await connected(open());
  const sent = [1, 'zwei ☃ 😀', { three: [true, null, 3.5, -1e21] }, []];
  const back = event(socket, 'message-back');
  socket.emit('message', ...sent);
  assert.deepEqual(await back, sent);
  assert.deepEqual(await ask(socket, 'message-with-ack', ...sent), sent);
});

withEveryClient('bytes come back as they were sent', () => server, async ({ open, transport }) => {
  const socket = open();
  await settled(socket, transport);
  const bytes = Buffer.from([0, 1, 2, 0x1e, 0xff]);
  const back = event(socket, 'message-back');
  socket.emit('message', bytes, 'between', { deep: [bytes] });
  const [first, between, { deep }] = await back;
  assert.deepEqual([Buffer.from(first), between, Buffer.from(deep[0])], [bytes, 'between', bytes]);
  const [again] = await ask(socket, 'message-with-ack', bytes);
  assert.deepEqual(Buffer.from(again), bytes);
});

withEveryClient('many events stay in order', () => server, async ({ open }) => {
  const socket = await connected(open());
  const seen = [];
  const all = new Promise((done) => {
    socket.on('message-back', (number) => {
      seen.push(number);
      if (seen.length === 500) done();
    });
  });
  for (let number = 0; number < 500; number += 1) socket.emit('message', number);
  await all;
  assert.deepEqual(seen, Array.from({ length: 500 }, (_, number) => number));
});

withEveryClient('the server asks for an acknowledgement', () => server, async ({ open }) => {
  const socket = await connected(open());
  const answered = new Promise((done) => {
    socket.on('emit-with-ack', (...args) => {
      const acknowledge = args.at(-1);
      if (typeof acknowledge === 'function') acknowledge('the', ...args.slice(0, -1), 'answer');
      else done(args);
    });
  });
  socket.emit('emit-with-ack', 'own', Buffer.from('x'));
  const [the, own, bytes, answer] = await answered;
  assert.deepEqual([the, own, Buffer.from(bytes).toString(), answer], ['the', 'own', 'x', 'answer']);
});

withEveryClient('large messages pass in both directions', () => server, async ({ open, transport }) => {
  const socket = open();
  await settled(socket, transport);
  const text = 'y'.repeat(900_000);
  assert.deepEqual(await ask(socket, 'message-with-ack', text), [text]);
  const [big] = await ask(socket, 'big', 1 << 20);
  assert.equal(big.length, 1 << 20);
});

withEveryClient('namespaces share a connection and nothing else', () => server, async ({ open }) => {
  const main = open();
  await connected(main);
  const custom = main.io.socket('/custom', {});
  await connected(custom);
  let leaked = false;
  main.on('message-back', () => { leaked = true; });
  const back = event(custom, 'message-back');
  custom.emit('message', 'here');
  assert.deepEqual(await back, ['here']);
  assert.notEqual(main.id, custom.id);
  assert.equal(leaked, false);
  custom.disconnect();
  assert.deepEqual(await ask(main, 'message-with-ack', 1), [1]);
});

withEveryClient('an unknown namespace is refused', () => server, async ({ open, generation }) => {
  const socket = open('/nowhere');
  const [error] = await event(socket, generation.revision === 3 ? 'error' : 'connect_error');
  assert.equal(generation.revision === 3 ? error : error.message, 'Invalid namespace');
});

withEveryClient('a refusal has data, and the right word opens', () => server, async ({ open, generation }) => {
  const refused = open('/locked', { auth: { token: 'wrong' } });
  const [error] = await event(refused, generation.revision === 3 ? 'error' : 'connect_error');
  assert.deepEqual(generation.revision === 3 ? error : error.data, { code: 4001, hint: 'token' });
  if (generation.revision === 4) assert.equal(error.message, 'not authorized');
  const socket = open('/locked', { auth: { token: 'open-sesame' } });
  const [auth] = await event(socket, 'auth');
  assert.deepEqual(auth, { token: 'open-sesame' });
});

withEveryClient('an event that a client repeats counts once', () => server, async ({ open }) => {
  const socket = await connected(open('/', { retries: 5, ackTimeout: 100 }));
  const count = (key) => new Promise((done, fail) => {
    socket.emit('count-once', key, (error, number) => (error ? fail(error) : done(number)));
  });
  const before = await count(randomUUID());
  assert.equal(await count(randomUUID()), before + 1);
}, { generations: GENERATIONS.filter(({ name }) => name === '4') });

withEveryClient('a connection outlives silence on both sides', () => server, async ({ open, transport }) => {
  const socket = open();
  await settled(socket, transport);
  const first = socket.id;
  await new Promise((done) => { setTimeout(done, 1_500); });
  assert.deepEqual([socket.connected, socket.id], [true, first]);
});
