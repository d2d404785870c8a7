// One order for everyone, whichever way a message came, and each message once under each of its names.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { GENERATIONS, TRANSPORTS, withEveryClient } from '../support/sockets.js';
import { as, does, listen, reach, said, scoped } from './live.js';
import { Partner, startOpenChat, succeeds } from './support.js';

const WEBSOCKET = { transports: TRANSPORTS.filter(({ name }) => name === 'websocket') };
const NEWEST = GENERATIONS.filter(({ name }) => name === '4');
const MESSAGES = 200;
const SOCKETS = 10;

let natter;
before(async () => { natter = await startOpenChat(); });
after(() => natter.remove());

const node = () => ({ url: natter.openChat });
const seqs = (heard) => heard.map(([, { seq }]) => seq);
const upTo = (count) => Array.from({ length: count }, (_, at) => at + 1);

withEveryClient('two hundred messages by REST and by sockets at once', node, async ({ open }) => {
  const partner = await Partner.register(natter);
  const room_id = await partner.room('shop', 'ann');
  const watchers = [];
  for (const side of [{ by: 'shop', id: 'shop' }, { by: 'user', id: 'ann' }, null]) {
    const socket = await as(open, partner.token);
    if (side) await does(socket, 'user-register', side);
    await does(socket, 'join-room', room_id);
    watchers.push({
      inRoom: listen(socket, [`${partner.username}_${room_id}`]),
      toShop: listen(socket, [`${partner.username}_shop_shop`]),
      toUser: listen(socket, [`${partner.username}_user_ann`]),
    });
  }
  const senders = await Promise.all(upTo(SOCKETS).map(() => as(open, partner.token)));
  const by = (at) => (at % 4 < 2 ? ['shop', 'shop'] : ['user', 'ann']);
  const sent = await Promise.all(upTo(MESSAGES).map(async (at) => {
    const body = said(...by(at), `message ${at}`, { room_id });
    if (at % 2) return succeeds(await partner.post('/v2/chats/send', body), 201);
    return does(senders[at % SOCKETS], 'send', body);
  }));
  assert.deepEqual(sent.map(({ seq }) => seq).toSorted((a, b) => a - b), upTo(MESSAGES));
  const byShop = sent.filter(({ sender_by }) => sender_by === 'shop').map(({ seq }) => seq).toSorted((a, b) => a - b);
  const byUser = sent.filter(({ sender_by }) => sender_by === 'user').map(({ seq }) => seq).toSorted((a, b) => a - b);
  for (const { inRoom } of watchers) assert.deepEqual(seqs(await reach(inRoom, MESSAGES)), upTo(MESSAGES));
  assert.deepEqual(seqs(await reach(watchers[0].toShop, byUser.length)), byUser);
  assert.deepEqual(seqs(await reach(watchers[1].toUser, byShop.length)), byShop);
  assert.deepEqual([watchers[0].toUser, watchers[1].toShop, watchers[2].toShop, watchers[2].toUser], [[], [], [], []]);
  const listed = succeeds(await partner.get(`/v2/chats/messages/${room_id}`), 200);
  assert.deepEqual(listed.map(({ _id }) => _id), watchers[2].inRoom.map(([, { _id }]) => _id));
}, WEBSOCKET);

withEveryClient('a broadcast comes to every room and every customer once', node, async ({ open }) => {
  const partner = await Partner.register(natter);
  const users = upTo(30).map((at) => `user_${at}`);
  const rooms = await Promise.all(users.map((user) => partner.room('shop', user)));
  const socket = await as(open, partner.token);
  for (const room of rooms) await does(socket, 'join-room', room);
  const inRooms = listen(socket, rooms.map((room) => `${partner.username}_${room}`));
  const customer = await as(open, await scoped(partner, 'user', users[0]));
  await does(customer, 'user-register', users[0]);
  const toUser = listen(customer, [`${partner.username}_user_${users[0]}`]);
  const data = succeeds(await partner.post('/v2/chats/broadcast', { shop_id: 'shop', message: 'Sale!' }), 200);
  assert.equal(data.broadcast_count, users.length);
  const names = (await reach(inRooms, users.length)).map(([name]) => name);
  assert.equal(new Set(names).size, users.length);
  const [[, message]] = await reach(toUser, 1);
  assert.deepEqual([message.room_id, message.message, message.sender_by], [rooms[0], 'Sale!', 'shop']);
}, { ...WEBSOCKET, generations: NEWEST });

withEveryClient('a name that a side takes is shown from the next message on', node, async ({ open }) => {
  const partner = await Partner.register(natter);
  const room_id = await partner.room('shop', 'ann');
  const socket = await as(open, partner.token);
  await does(socket, 'join-room', room_id);
  const heard = listen(socket, [`${partner.username}_${room_id}`]);
  await partner.room('shop', 'ann', { shop_name: 'New Name' });
  succeeds(await partner.post('/v2/chats/broadcast', { shop_id: 'shop', message: 'Hi' }), 200);
  assert.equal((await reach(heard, 1))[0][1].sender_name, 'New Name');
}, { ...WEBSOCKET, generations: NEWEST });
