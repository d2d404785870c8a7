// A partner's server is told what happens: signed, in order, again until it answers, and after a crash.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';

import { Endpoint, REACHABLE } from '../support/endpoint.js';
import { Partner, startOpenChat, succeeds } from './support.js';

let natter;
let endpoint;
before(async () => {
  endpoint = await Endpoint.start();
  natter = await startOpenChat(REACHABLE);
});
after(async () => {
  await natter.remove();
  endpoint.stop();
});

/** A partner with a webhook, and nothing told yet. */
async function told() {
  const partner = await Partner.register(natter);
  endpoint.status = 200;
  const { webhook_secret } = succeeds(await partner.post('/v2/auth/webhook', { webhook_url: endpoint.url }), 200);
  endpoint.told.length = 0;
  endpoint.tries.length = 0;
  return { partner, secret: webhook_secret };
}

const said = (room_id, message) => ({
  room_id, sender_by: 'user', sender_id: 'ann', sender_name: 'Ann', message,
});

test('what happens is told in order, and signed', async () => {
  const { partner, secret } = await told();
  const room = await partner.room('shop', 'ann');
  for (const text of ['one', 'two', 'three']) succeeds(await partner.post('/v2/chats/send', said(room, text)), 201);
  const events = await endpoint.reach(endpoint.told, 4);
  assert.deepEqual(events.map(({ event }) => event), ['room.created', 'message.new', 'message.new', 'message.new']);
  assert.deepEqual(events.slice(1).map(({ data }) => [data.message, data.seq]), [['one', 1], ['two', 2], ['three', 3]]);
  for (const { id, username, created_at, data, body, signature } of events) {
    assert.ok(id && created_at);
    assert.deepEqual([username, data.room_id, data.shop_id, data.user_id], [partner.username, room, 'shop', 'ann']);
    const [, time, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature);
    assert.equal(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'), digest);
  }
  succeeds(await partner.post('/v2/chats/mark-read', { room_id: room, type: 'shop' }), 200);
  const read = (await endpoint.reach(endpoint.told, 5))[4];
  assert.deepEqual([read.event, read.data.type, read.data.last_read_seq, read.data.unread_count], ['message.read', 'shop', 3, 0]);
  succeeds(await partner.post('/v2/auth/webhook/test'), 200);
  assert.equal((await endpoint.reach(endpoint.told, 6))[5].event, 'ping');
});

test('a server that fails is told again, with the same id, and nothing is overtaken', async () => {
  const { partner } = await told();
  const room = await partner.room('shop', 'ann');
  await endpoint.reach(endpoint.told, 1);
  endpoint.status = 500;
  for (const text of ['one', 'two']) succeeds(await partner.post('/v2/chats/send', said(room, text)), 201);
  await endpoint.reach(endpoint.tries, 4);
  assert.equal(new Set(endpoint.tries.slice(1).map(({ id }) => id)).size, 1);
  endpoint.status = 200;
  const events = await endpoint.reach(endpoint.told, 3);
  assert.deepEqual(events.slice(1).map(({ data }) => data.message), ['one', 'two']);
  assert.equal(events[1].id, endpoint.tries[1].id);
});

test('what was not told before a crash is told after it', async () => {
  const { partner } = await told();
  const room = await partner.room('shop', 'ann');
  await endpoint.reach(endpoint.told, 1);
  endpoint.status = 503;
  succeeds(await partner.post('/v2/chats/send', said(room, 'kept')), 201);
  await endpoint.reach(endpoint.tries, 2);
  await natter.crash();
  endpoint.status = 200;
  await natter.launch();
  const [, event] = await endpoint.reach(endpoint.told, 2);
  assert.deepEqual([event.event, event.data.message, event.id], ['message.new', 'kept', endpoint.tries[1].id]);
});
