// How many connections a node, a tenant and a user may have, and how many may come in a second.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { connected, event, inBothEncodings } from './support/client.js';
import { Natter } from './support/natter.js';

const LIMIT = { code: 3504, reason: 'connection limit' };

const nodes = {};
before(async () => {
  nodes.users = await Natter.start({ NATTER__LIMITS__MAX_CONNECTIONS_PER_USER: '2' });
  nodes.tenants = await Natter.start({ NATTER__LIMITS__MAX_CONNECTIONS_PER_TENANT: '2' });
  nodes.full = await Natter.start({ NATTER__LIMITS__MAX_CONNECTIONS: '2' });
  nodes.rate = await Natter.start({ NATTER__LIMITS__CONNECTIONS_PER_SECOND: '3' });
});
after(() => Promise.all(Object.values(nodes).map((node) => node.remove())));

async function refused(client) {
  const ended = event(client, 'disconnected');
  client.connect();
  const { code, reason } = await ended;
  assert.deepEqual({ code, reason }, LIMIT);
}

/** Opens a bare WebSocket; resolves to it, or to the status of the refusal. */
function bare(node) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(node.url);
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (_, response) => resolve(response.resume().statusCode));
    socket.on('error', reject);
  });
}

/** Tries until there is a place: what has gone frees its own a moment later. */
async function opened(node) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const socket = await bare(node);
    if (socket instanceof WebSocket) return socket;
    await new Promise((done) => { setTimeout(done, 50); });
  }
  throw new Error('there was never a place');
}

inBothEncodings('a user has so many connections and no more', () => nodes.users, async ({ open, encoding }) => {
  const user = `many-${encoding.name}`;
  const [first, second] = [open({ user }), open({ user })];
  await Promise.all([connected(first), connected(second)]);
  await refused(open({ user }));
  await connected(open({ user: `other-${encoding.name}` }));
  assert.deepEqual([first.state, second.state], ['connected', 'connected']);
});

inBothEncodings('a tenant has so many connections and no more', () => nodes.tenants, async ({ open, encoding }) => {
  const clients = [open({ user: `a-${encoding.name}` }), open({ user: `b-${encoding.name}` })];
  // Those of the test before may not be gone yet: they are refused, and only then come for good.
  for (const client of clients) {
    for (let attempt = 0; client.state !== 'connected' && attempt < 200; attempt += 1) {
      client.connect();
      await Promise.race([client.ready(15_000).catch(() => {}), event(client, 'disconnected').catch(() => {})]);
    }
  }
  await refused(open({ user: `c-${encoding.name}` }));
});

test('a full node answers 503, and takes the next when one has gone', async () => {
  const sockets = [await bare(nodes.full), await bare(nodes.full)];
  assert.ok(sockets.every((socket) => socket instanceof WebSocket));
  assert.equal(await bare(nodes.full), 503);
  sockets.pop().close();
  sockets.push(await opened(nodes.full));
  sockets.forEach((socket) => socket.close());
});

test('more than so many in a second are answered 503, and later ones get in', async () => {
  const all = await Promise.all(Array.from({ length: 30 }, () => bare(nodes.rate)));
  const accepted = all.filter((socket) => socket instanceof WebSocket);
  assert.ok(accepted.length >= 3 && accepted.length < all.length, `${accepted.length} of ${all.length}`);
  assert.ok(all.every((socket) => socket instanceof WebSocket || socket === 503));
  accepted.push(await opened(nodes.rate));
  accepted.forEach((socket) => socket.close());
});
