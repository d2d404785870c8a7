// Partners never meet, and a scoped token reaches one side's rooms only.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { pause } from '../support/natter.js';
import { GENERATIONS, TRANSPORTS, event, withEveryClient } from '../support/sockets.js';
import { as, does, listen, reach, refusal, refuses, said, scoped } from './live.js';
import { Partner, startOpenChat, succeeds } from './support.js';

const WEBSOCKET = { transports: TRANSPORTS.filter(({ name }) => name === 'websocket') };
const NEWEST = { ...WEBSOCKET, generations: GENERATIONS.filter(({ name }) => name === '4') };

let natter;
let anonymous;
before(async () => {
  natter = await startOpenChat();
  anonymous = await startOpenChat({ NATTER__PLUGINS__OPENCHAT__ALLOW_ANONYMOUS_SOCKETS: 'true' });
});
after(() => Promise.all([natter?.remove(), anonymous?.remove()]));

const node = () => ({ url: natter.openChat });

withEveryClient('partners with shops and users of the same ids do not meet', node, async ({ open }) => {
  const partners = [await Partner.register(natter), await Partner.register(natter)];
  const rooms = [await partners[0].room('shop', 'ann'), await partners[1].room('shop', 'ann')];
  const sockets = [await as(open, partners[0].token), await as(open, partners[1].token)];
  const heard = [];
  for (const at of [0, 1]) {
    await does(sockets[at], 'user-register', { by: 'shop', id: 'shop' });
    await does(sockets[at], 'join-room', rooms[at]);
    await refuses('4003', sockets[at], 'join-room', rooms[1 - at]);
    await refuses('4003', sockets[at], 'send', said('shop', 'shop', 'x', { room_id: rooms[1 - at] }));
    await refuses('4003', sockets[at], 'mark-read', { room_id: rooms[1 - at], type: 'shop' });
    await refuses('4000', sockets[at], 'user-register', { by: 'shop', id: 'shop', username: partners[1 - at].username });
    const names = partners.flatMap(({ username }, of) => [`${username}_${rooms[of]}`, `${username}_shop_shop`]);
    heard.push(listen(sockets[at], [...names, 'user:status', 'shop:status', 'user:read', 'shop:read', 'news']));
  }
  const customer = await as(open, partners[0].token);
  await does(customer, 'user-register', 'ann');
  await does(customer, 'send', said('user', 'ann', 'Hi', { room_id: rooms[0] }));
  await does(customer, 'mark-read', { room_id: rooms[0], type: 'user' });
  succeeds(await partners[0].post('/v2/notify/all', { event: 'news', data: {} }), 200);
  await reach(heard[0], 5);
  await pause(200);
  assert.deepEqual(heard[1], []);
}, WEBSOCKET);

withEveryClient('a scoped token joins and speaks in its own rooms only', node, async ({ open }) => {
  const partner = await Partner.register(natter);
  const [own, others] = [await partner.room('shop', 'ann'), await partner.room('shop', 'bob')];
  const socket = await as(open, await scoped(partner, 'user', 'ann'));
  await does(socket, 'join-room', own);
  await does(socket, 'send', said('user', 'ann', 'Hi', { room_id: own }));
  await does(socket, 'mark-read', { room_id: own, type: 'user' });
  await refuses('4003', socket, 'join-room', others);
  await refuses('4003', socket, 'send', said('shop', 'shop', 'x', { room_id: own }));
  await refuses('4003', socket, 'send', said('user', 'bob', 'x', { room_id: others }));
  await refuses('4003', socket, 'send', said('user', 'bob', 'x', { shop_id: 'shop', user_id: 'bob' }));
  await refuses('4003', socket, 'mark-read', { room_id: own, type: 'shop' });
}, WEBSOCKET);

withEveryClient('a socket ends with its token', node, async ({ open, generation }) => {
  const partner = await Partner.register(natter);
  const token = await scoped(partner, 'user', 'ann', { expires_in: 2 });
  const socket = await as(open, token, { reconnection: false });
  const [failed, ended] = await Promise.all([event(socket, 'error'), event(socket, 'disconnect')]);
  assert.deepEqual([failed[0].status, failed[0].code], [false, '4001']);
  assert.equal(ended[0], 'io server disconnect');
  assert.deepEqual(await refusal(open('/', { auth: { token } }), generation), { code: '4001' });
}, NEWEST);

test('where they are allowed, clients without a token name their partner', { timeout: 60_000 }, async () => {
  const { io } = GENERATIONS.find(({ name }) => name === '4');
  const clients = [];
  const open = (auth) => {
    clients.push(io(anonymous.openChat, { transports: ['websocket'], forceNew: true, auth }));
    return clients.at(-1);
  };
  try {
    const partner = await Partner.register(anonymous, 'Open_Partner');
    const room_id = await partner.room('shop', 'ann');
    const socket = open({ username: 'open_partner' });
    await does(socket, 'join-room', room_id);
    const heard = listen(socket, [`Open_Partner_${room_id}`]);
    succeeds(await partner.post('/v2/chats/send', said('shop', 'shop', 'Hi', { room_id })), 201);
    await reach(heard, 1);
    const nobody = open({});
    await event(nobody, 'connect');
    await refuses('4001', nobody, 'join-room', room_id);
    await refuses('4001', nobody, 'online', { by: 'user', id: 'ann' });
    assert.deepEqual(await refusal(open({ token: 'x'.repeat(100) }), { revision: 4 }), { code: '4001' });
  } finally {
    clients.forEach((client) => client.close());
  }
});
