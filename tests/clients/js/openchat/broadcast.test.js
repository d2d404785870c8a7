// A broadcast to ten thousand customers in one call.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Partner, startOpenChat, succeeds } from './support.js';

const ROOMS = 10_000;
const AT_ONCE = 100;

let natter;
before(async () => { natter = await startOpenChat(); });
after(() => natter.remove());

test('ten thousand rooms get one message each', { timeout: 300_000 }, async () => {
  const partner = await Partner.register(natter);
  for (let first = 0; first < ROOMS; first += AT_ONCE) {
    const users = Array.from({ length: AT_ONCE }, (_, at) => `user_${first + at}`);
    await Promise.all(users.map((user) => partner.room('shop', user)));
  }
  const body = { shop_id: 'shop', sender_name: 'Shop', message: 'x'.repeat(5_000) };
  const data = succeeds(await partner.post('/v2/chats/broadcast', body), 200);
  assert.equal(data.broadcast_count, ROOMS);
  assert.equal(new Set(data.messages.map(({ room_id }) => room_id)).size, ROOMS);
  assert.ok(data.messages.every(({ seq, message }) => seq === 1 && message === body.message));
  const rooms = succeeds(await partner.get('/v2/chats/rooms/shop/shop'), 200);
  assert.equal(rooms.length, ROOMS);
  assert.ok(rooms.every(({ user_unread, shop_unread }) => user_unread === 1 && shop_unread === 0));
});
