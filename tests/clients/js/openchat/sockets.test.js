// A shop and a customer talk over sockets of every generation of clients and every transport.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';

import { pause } from '../support/natter.js';
import { event, withEveryClient } from '../support/sockets.js';
import { token as userToken } from '../support/token.js';
import { as, does, listen, reach, refusal, refuses, said, scoped } from './live.js';
import { Partner, fails, startOpenChat, succeeds } from './support.js';

let natter;
let partner;
before(async () => {
  natter = await startOpenChat();
  partner = await Partner.register(natter, 'Partner_Shop');
});
after(() => natter.remove());

const node = () => ({ url: natter.openChat });
const somebody = () => ({ shop: `shop_${randomUUID()}`, user: `cust ${randomUUID()}` });
const NOBODY = '0'.repeat(24);

withEveryClient('a shop and a customer talk', node, async ({ open }) => {
  const { shop, user } = somebody();
  const [shopSocket, userSocket] = [await as(open, partner.token), await as(open, await scoped(partner, 'user', user))];
  const registered = await does(shopSocket, 'user-register', { by: 'shop', id: shop });
  assert.deepEqual([registered.by, registered.id, registered.socket_id], ['shop', shop, shopSocket.id]);
  await does(userSocket, 'user-register', user);
  const toShop = `Partner_Shop_shop_${shop}`;
  const toUser = `Partner_Shop_user_${user}`;

  const shopHears = listen(shopSocket, [toShop, toUser]);
  const place = { shop_id: shop, user_id: user, user_name: 'Ann' };
  const first = await does(userSocket, 'send', said('user', user, 'Hello! 🎉', place));
  const [[, arrived]] = await reach(shopHears, 1);
  const { message_id, ...rest } = first;
  assert.deepEqual(arrived, { _id: message_id, ...rest, username: 'Partner_Shop', shop_id: shop, user_id: user });
  const room_id = first.room_id;
  const room = succeeds(await partner.get(`/v2/chats/room/${room_id}`), 200);
  assert.deepEqual([room.message, room.shop_unread, room.user_name], ['Hello! 🎉', 1, 'Ann']);

  const inRoom = `Partner_Shop_${room_id}`;
  assert.deepEqual(await does(shopSocket, 'join-room', room_id), { room_id });
  assert.deepEqual(await does(userSocket, 'join-room', { room_id }), { room_id });
  const shopSees = listen(shopSocket, [inRoom, 'shop:read', 'user:read']);
  const userHears = listen(userSocket, [inRoom, toUser, toShop, 'shop:read', 'user:read']);
  const reply = await does(shopSocket, 'send', said('shop', shop, 'Hi', { room_id, client_id: 'c-1' }));
  assert.deepEqual(await does(shopSocket, 'send', said('shop', shop, 'Hi', { room_id, client_id: 'c-1' })), reply);
  assert.deepEqual((await reach(userHears, 2)).map(([name]) => name).toSorted(), [inRoom, toUser].toSorted());
  assert.deepEqual(userHears[0][1], userHears[1][1]);
  assert.deepEqual([userHears[0][1].seq, userHears[0][1].message, userHears[0][1].client_id], [2, 'Hi', 'c-1']);
  await reach(shopSees, 1);

  const read = await does(userSocket, 'mark-read', { room_id, type: 'user' });
  assert.deepEqual([read.room_id, read.type, read.unread_count, read.last_read_seq], [room_id, 'user', 0, 2]);
  const [, [name, { read_at, ...mark }]] = await reach(shopSees, 2);
  assert.deepEqual([name, { ...mark, read_at: read.read_at }], ['user:read', { ...read, shop_id: shop, user_id: user }]);
  assert.ok(read_at >= read.read_at);
  succeeds(await partner.post('/v2/chats/mark-read', { room_id, type: 'shop' }), 200);
  assert.equal((await reach(shopSees, 3))[2][0], 'shop:read');
  await reach(userHears, 4);

  assert.deepEqual(await does(shopSocket, 'leave-room', room_id), { room_id });
  succeeds(await partner.post('/v2/chats/reply', { room_id, ...said('user', user, 'Bye') }), 201);
  assert.equal((await reach(shopHears, 2))[1][1].message, 'Bye');
  await reach(userHears, 5);
  assert.equal(shopSees.length, 3, 'whoever has left gets nothing of the room');
});

withEveryClient('what cannot be done is said, to whoever waits for it and to whoever does not', node, async ({ open }) => {
  const socket = await as(open, partner.token);
  const { shop, user } = somebody();
  const room_id = await partner.room(shop, user);
  for (const payload of [undefined, null, 5, '', 'nonsense', {}, { room_id: 7 }, [room_id]]) {
    await refuses('1000', socket, 'join-room', payload);
  }
  await refuses('1004', socket, 'join-room', NOBODY);
  await refuses('4000', socket, 'join-room', { room_id, username: 'another' });
  await refuses('1000', socket, 'send', said('shop', shop, '', { room_id }));
  await refuses('1000', socket, 'send', said('shop', shop, 'x', { room_id: 'nonsense' }));
  await refuses('1000', socket, 'send', said('shop', shop, 'x', {}));
  await refuses('1000', socket, 'send', said('shop', shop, 'x', { shop_id: shop }));
  await refuses('1004', socket, 'send', said('shop', shop, 'x', { room_id: NOBODY }));
  await refuses('4000', socket, 'send', said('shop', shop, 'x', { room_id, username: 'another' }));
  await refuses('4003', socket, 'send', said('shop', user, 'x', { room_id }));
  await refuses('1000', socket, 'mark-read', { room_id, type: 'nobody' });
  await refuses('1000', socket, 'online');
  await refuses('1000', socket, 'user-register', { by: 'shop' });
  const failed = event(socket, 'error');
  socket.emit('join-room', NOBODY);
  const [{ status, code, message }] = await failed;
  assert.deepEqual([status, code, message], [false, '1004', 'Chatroom not found']);
  assert.deepEqual(await does(socket, 'leave-room', room_id), { room_id });
});

withEveryClient('who shows no token, or one that nobody has, is not let in', node, async ({ open, generation }) => {
  const unauthorized = { code: '4001' };
  assert.deepEqual(await refusal(open('/', {}), generation), unauthorized);
  for (const token of ['x'.repeat(100), 'nonsense']) {
    assert.deepEqual(await refusal(open('/', { auth: { token } }), generation), unauthorized);
  }
}, { transports: [{ name: 'websocket', transports: ['websocket'] }] });

withEveryClient('a token may stand in the query or in a header', node, async ({ open }) => {
  const others = [
    { query: { token: partner.token } },
    { extraHeaders: { Authorization: partner.token } },
    { extraHeaders: { Authorization: `Bearer ${partner.token}` } },
  ];
  for (const options of others) {
    const socket = await as(open, undefined, { auth: undefined, ...options });
    await does(socket, 'leave-room', NOBODY);
  }
}, { transports: [{ name: 'polling', transports: ['polling'] }] });

withEveryClient("a tenant's users are another app's, and have none of these events", node, async ({ open }) => {
  const socket = await as(open, userToken({ sub: 'ada' }));
  let isAnswered = false;
  socket.emit('join-room', NOBODY, () => { isAnswered = true; });
  await pause(300);
  assert.ok(!isAnswered && socket.connected);
}, { transports: [{ name: 'websocket', transports: ['websocket'] }] });

withEveryClient("a partner's own events reach its sockets, and one of them", node, async ({ open }) => {
  const own = await Partner.register(natter);
  const other = await Partner.register(natter);
  const sockets = [await as(open, own.token), await as(open, await scoped(own, 'user', 'ann')), await as(open, other.token)];
  const heard = sockets.map((socket) => listen(socket, ['shop:announcement', 'order:update']));
  const data = { message: 'maintenance', at: [5, null] };
  const all = await own.post('/v2/notify/all', { event: 'shop:announcement', data });
  assert.deepEqual(succeeds(all, 200), { event: 'shop:announcement', recipients: 2 });
  for (const list of heard.slice(0, 2)) assert.deepEqual((await reach(list, 1))[0], ['shop:announcement', data]);
  const socket_id = sockets[1].id;
  const one = await own.post('/v2/notify/user', { event: 'order:update', data, socket_id });
  assert.deepEqual(succeeds(one, 200), { event: 'order:update', socket_id });
  await reach(heard[1], 2);
  fails(await other.post('/v2/notify/user', { event: 'order:update', data, socket_id }), 404, '1004');
  await pause(100);
  assert.deepEqual(heard.map((list) => list.length), [1, 2, 0]);
  sockets[1].close();
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { status } = await own.post('/v2/notify/user', { event: 'order:update', data, socket_id });
    if (status === 404) return;
    await pause(20);
  }
  assert.fail('a socket that is gone is still known');
});
