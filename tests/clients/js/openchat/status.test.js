// Who is online is told to those it has rooms with, and to the partner's server.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';

import { pause } from '../support/natter.js';
import { withEveryClient } from '../support/sockets.js';
import { Endpoint, REACHABLE } from '../support/endpoint.js';
import { PAST_GRACE_MS, as, does, listen, reach, refuses, scoped } from './live.js';
import { Partner, startOpenChat, succeeds } from './support.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const WEBSOCKET = { transports: [{ name: 'websocket', transports: ['websocket'] }] };

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

const node = () => ({ url: natter.openChat });
const statuses = (heard) => heard.map(([name, { by, id, status }]) => [name, by, id, status]);

/** A partner whose shop has a room with one customer and none with another. */
async function neighbours() {
  const partner = await Partner.register(natter);
  const [shop, user, stranger] = ['shop', 'user', 'stranger'].map((name) => `${name}_${randomUUID().slice(0, 8)}`);
  await partner.room(shop, user);
  await partner.room('another shop', stranger);
  return { partner, shop, user, stranger };
}

withEveryClient('a counterpart hears of the first socket and of the end of the last one', node, async ({ open }) => {
  const { partner, shop, user, stranger } = await neighbours();
  const shopSocket = await as(open, await scoped(partner, 'shop', shop));
  await does(shopSocket, 'user-register', { by: 'shop', id: shop });
  const shopHears = listen(shopSocket, ['user:status', 'shop:status']);
  const strangerSocket = await as(open, await scoped(partner, 'user', stranger));
  await does(strangerSocket, 'user-register', stranger);
  const strangerHears = listen(strangerSocket, ['user:status', 'shop:status']);

  const first = await as(open, await scoped(partner, 'user', user));
  await does(first, 'online');
  assert.deepEqual(statuses(await reach(shopHears, 1)), [['user:status', 'user', user, 'online']]);
  assert.match(shopHears[0][1].last_seen, TIME);
  assert.deepEqual(Object.keys(shopHears[0][1]).toSorted(), ['by', 'id', 'last_seen', 'status']);
  const second = await as(open, partner.token);
  await does(second, 'user-register', { user_id: user });
  first.close();
  await pause(PAST_GRACE_MS);
  assert.equal(shopHears.length, 1, 'the second is still there');

  const third = await as(open, await scoped(partner, 'user', user));
  second.close();
  await pause(500);
  await does(third, 'user-register', user);
  await pause(PAST_GRACE_MS);
  assert.equal(shopHears.length, 1, 'a reconnect within the grace is silent');

  const userHears = listen(third, ['user:status', 'shop:status']);
  await does(shopSocket, 'offline');
  assert.deepEqual(statuses(await reach(userHears, 1)), [['shop:status', 'shop', shop, 'offline']]);
  await does(shopSocket, 'online', { by: 'shop', id: shop });
  assert.deepEqual(statuses(await reach(userHears, 2))[1], ['shop:status', 'shop', shop, 'online']);
  third.close();
  assert.deepEqual(statuses(await reach(shopHears, 2))[1], ['user:status', 'user', user, 'offline']);
  assert.deepEqual(strangerHears, []);
}, WEBSOCKET);

withEveryClient('a side that is said to be offline is so at once', node, async ({ open }) => {
  const { partner, shop, user } = await neighbours();
  const shopSocket = await as(open, partner.token);
  await does(shopSocket, 'online', { by: 'shop', id: shop });
  const heard = listen(shopSocket, ['user:status']);
  const userSocket = await as(open, partner.token);
  for (const status of ['online', 'offline', 'online', 'offline']) await does(userSocket, status, { by: 'user', id: user });
  assert.deepEqual(statuses(await reach(heard, 4)).map(([, , , status]) => status), ['online', 'offline', 'online', 'offline']);
  userSocket.close();
  await pause(PAST_GRACE_MS);
  assert.equal(heard.length, 4, 'what is gone does not go again');
}, WEBSOCKET);

withEveryClient("a partner's server is told of both sides", node, async ({ open }) => {
  const { partner, shop, user } = await neighbours();
  succeeds(await partner.post('/v2/auth/webhook', { webhook_url: endpoint.url }), 200);
  const told = () => endpoint.told.filter(({ username }) => username === partner.username);
  const socket = await as(open, partner.token);
  await does(socket, 'online', { by: 'user', id: user });
  await does(socket, 'user-register', { by: 'shop', id: shop });
  await does(socket, 'offline', { by: 'user', id: user });
  await endpoint.until(() => told().length >= 3);
  const of = (event) => told().filter((one) => one.event === event).map(({ data }) => [data.by, data.id, data.status]);
  assert.deepEqual(of('user.status'), [['user', user, 'online'], ['user', user, 'offline']]);
  assert.deepEqual(of('shop.status'), [['shop', shop, 'online']]);
  assert.equal(new Set(told().map(({ id }) => id)).size, 3);
}, WEBSOCKET);

withEveryClient('a scoped token is one side', node, async ({ open }) => {
  const { partner, shop, user } = await neighbours();
  const socket = await as(open, await scoped(partner, 'user', user));
  for (const name of ['user-register', 'online', 'offline']) await refuses('4003', socket, name, { by: 'shop', id: shop });
  await refuses('4003', socket, 'user-register', 'another');
  assert.deepEqual(await does(socket, 'online'), { by: 'user', id: user, status: 'online' });
}, WEBSOCKET);
