// The whole document, call by call, as a partner's backend makes them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Partner, ask, fails, startOpenChat, succeeds } from './support.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ID = /^[0-9a-f]{24}$/;
const NOBODY = '0'.repeat(24);

let natter;
let partner;
before(async () => {
  natter = await startOpenChat();
  partner = await Partner.register(natter, 'Partner_Shop');
});
after(() => natter.remove());

const said = (room_id, message, more = {}) => ({
  room_id, sender_by: 'shop', sender_id: 'shop_001', sender_name: 'My Shop', message, ...more,
});

test('register, me, rotate', async () => {
  assert.match(partner.token, /^[A-Za-z0-9]{100}$/);
  assert.match(partner.created_at, TIME);
  const body = { username: 'PARTNER_shop', email: 'new@example.com' };
  fails(await ask(natter.openChat, 'POST', '/v2/auth/register', { body }), 409, '1006');
  const me = succeeds(await partner.get('/v2/auth/me'), 200);
  assert.deepEqual(me, {
    username: 'Partner_Shop', email: 'Partner_Shop@example.com', webhook_url: null, created_at: partner.created_at,
  });
  const other = await Partner.register(natter);
  const { access_token } = succeeds(await other.post('/v2/auth/rotate', {}), 200);
  for (const token of [access_token, `Bearer ${access_token}`, other.token]) {
    succeeds(await other.get('/v2/auth/me', { token }), 200);
  }
  fails(await other.get('/v2/auth/me', { token: 'x'.repeat(100) }), 401, '4001');
  fails(await ask(natter.openChat, 'GET', '/v2/auth/me'), 401, '4001');
});

test('a webhook is registered, tested and removed', async () => {
  const webhook_url = 'https://your-server.invalid/webhook/chat';
  fails(await partner.post('/v2/auth/webhook/test'), 404, '1004');
  const set = succeeds(await partner.post('/v2/auth/webhook', { webhook_url }), 200);
  assert.equal(set.webhook_url, webhook_url);
  assert.ok(set.webhook_secret.length >= 32);
  assert.equal(succeeds(await partner.get('/v2/auth/me'), 200).webhook_url, webhook_url);
  succeeds(await partner.post('/v2/auth/webhook/test'), 200);
  for (const url of ['http://example.com/', 'https://10.1.2.3/', 'nonsense', 5]) {
    fails(await partner.post('/v2/auth/webhook', { webhook_url: url }), 400, '1000');
  }
  succeeds(await partner.post('/v2/auth/webhook', { webhook_url: '' }), 200);
  assert.equal(succeeds(await partner.get('/v2/auth/me'), 200).webhook_url, null);
});

test('rooms: made once, read, listed', async () => {
  const names = { shop_name: 'My Shop', user_name: 'John Doe' };
  const made = succeeds(await partner.post('/v2/chats/rooms', { shop_id: 'shop_001', user_id: 'cust_123', ...names }), 201);
  assert.match(made._id, ID);
  assert.match(made.lasted_message_at, TIME);
  const { _id, lasted_message_at, created_at, ...rest } = made;
  assert.deepEqual(rest, {
    username: 'Partner_Shop', shop_id: 'shop_001', user_id: 'cust_123', ...names,
    message: '', shop_unread: 0, user_unread: 0,
  });
  succeeds(await partner.post('/v2/chats/rooms', { shop_id: 'shop_001', user_id: 'cust_123' }), 200);
  assert.deepEqual(succeeds(await partner.get(`/v2/chats/room/${_id}`), 200), made);
  for (const path of ['shop/shop_001', 'user/cust_123']) {
    assert.deepEqual(succeeds(await partner.get(`/v2/chats/rooms/${path}`), 200), [made]);
  }
  fails(await partner.get('/v2/chats/rooms/shop/none'), 404, '1005');
  fails(await partner.get('/v2/chats/rooms/admin/shop_001'), 400, '1000');
  fails(await partner.get(`/v2/chats/room/${NOBODY}`), 404, '1004');
  fails(await partner.get('/v2/chats/room/nonsense'), 400, '1000');
  fails(await (await Partner.register(natter)).get(`/v2/chats/room/${_id}`), 403, '4003');
});

test('send, reply, messages, mark-read', async () => {
  const room = await partner.room('shop_001', 'talker');
  const sent = succeeds(await partner.post('/v2/chats/send', said(room, 'Hello! 🎉')), 201);
  assert.match(sent.message_id, ID);
  assert.match(sent.created_at, TIME);
  assert.deepEqual([sent.room_id, sent.sender_by, sent.message], [room, 'shop', 'Hello! 🎉']);
  const reply = { room_id: room, sender_by: 'user', sender_id: 'talker', sender_name: 'Tom', message: 'Hi' };
  succeeds(await partner.post('/v2/chats/reply', { ...reply, client_id: 'c-1' }), 201);
  succeeds(await partner.post('/v2/chats/reply', { ...reply, client_id: 'c-1' }), 200);
  const messages = succeeds(await partner.get(`/v2/chats/messages/${room}`), 200);
  assert.deepEqual(messages.map(({ seq, message, type, sender_by }) => [seq, message, type, sender_by]), [
    [1, 'Hello! 🎉', 'text', 'shop'], [2, 'Hi', 'text', 'user'],
  ]);
  assert.deepEqual(messages[0], {
    _id: sent.message_id, room_id: room, sender_by: 'shop', sender_id: 'shop_001', sender_name: 'My Shop',
    message: 'Hello! 🎉', type: 'text', seq: 1, created_at: sent.created_at,
  });
  const [newest] = succeeds(await partner.get(`/v2/chats/messages/${room}?limit=1`), 200);
  assert.equal(newest.seq, 2);
  const before = await partner.get(`/v2/chats/room/${room}`);
  assert.deepEqual([before.data.message, before.data.shop_unread, before.data.user_unread], ['Hi', 1, 1]);
  const read = succeeds(await partner.post('/v2/chats/mark-read', { room_id: room, type: 'shop' }), 200);
  assert.deepEqual([read.room_id, read.type, read.unread_count], [room, 'shop', 0]);
  const after = await partner.get(`/v2/chats/room/${room}`);
  assert.deepEqual([after.data.shop_unread, after.data.user_unread], [0, 1]);
  for (const wrong of [{ message: '' }, { type: 'video' }, { sender_by: 'x' }, { room_id: '1' }, { sender_name: 7 }]) {
    fails(await partner.post('/v2/chats/send', said(room, 'x', wrong)), 400, '1000');
  }
  fails(await partner.post('/v2/chats/send', said(room, 'x', { sender_id: 'shop_002' })), 403, '4003');
  fails(await partner.post('/v2/chats/send', said(room, 'x', { username: 'another' })), 400, '4000');
  fails(await partner.post('/v2/chats/send', said(NOBODY, 'x')), 404, '1004');
});

test('a repeat with the same Idempotency-Key is the same message', async () => {
  const room = await partner.room('shop_001', 'repeated');
  const headers = { 'Idempotency-Key': 'once' };
  const [one, two] = await Promise.all([1, 2].map(() => partner.post('/v2/chats/send', said(room, 'x'), { headers })));
  assert.equal(succeeds(one, 201).message_id, succeeds(two, 201).message_id);
  fails(await partner.post('/v2/chats/send', said(room, 'y'), { headers }), 422, '1000');
  assert.equal((await partner.get(`/v2/chats/messages/${room}`)).data.length, 1);
});

test('senders at the same time get numbers without gaps', async () => {
  const room = await partner.room('shop_001', 'crowd');
  const sends = Array.from({ length: 100 }, (_, at) => partner.post('/v2/chats/send', said(room, `${at}`)));
  const seqs = (await Promise.all(sends)).map((answer) => succeeds(answer, 201).seq);
  assert.deepEqual(seqs.toSorted((a, b) => a - b), Array.from({ length: 100 }, (_, at) => at + 1));
  const listed = (await partner.get(`/v2/chats/messages/${room}`)).data;
  assert.deepEqual(listed.map(({ seq }) => seq), Array.from({ length: 100 }, (_, at) => at + 1));
});

test('a broadcast reaches every customer of the shop', async () => {
  const rooms = [];
  for (const user of ['a', 'b', 'c']) rooms.push(await partner.room('shop_sale', user, { shop_name: 'Sale' }));
  const answer = await partner.post('/v2/chats/broadcast', { shop_id: 'shop_sale', message: 'Flash sale!' });
  const data = succeeds(answer, 200);
  assert.equal(answer.json.message, 'Broadcast sent to 3 chatrooms');
  assert.equal(data.broadcast_count, 3);
  assert.deepEqual(data.messages.map(({ room_id }) => room_id).toSorted(), rooms.toSorted());
  for (const { room_id, message_id } of data.messages) {
    const [message] = (await partner.get(`/v2/chats/messages/${room_id}`)).data;
    assert.deepEqual([message._id, message.sender_name, message.message], [message_id, 'Sale', 'Flash sale!']);
  }
  fails(await partner.post('/v2/chats/broadcast', { shop_id: 'none', message: 'x' }), 404, '1005');
});

test('a file is uploaded, sent and served', async () => {
  const room = await partner.room('shop_001', 'filer');
  const form = new FormData();
  form.append('file', new Blob(['hello world'], { type: 'text/plain' }), 'note.txt');
  const file = succeeds(await partner.post('/v2/chats/files', form), 201);
  assert.deepEqual([file.name, file.size], ['note.txt', 11]);
  succeeds(await partner.post('/v2/chats/send', said(room, file.url, { type: 'file' })), 201);
  const [message] = (await partner.get(`/v2/chats/messages/${room}`)).data;
  assert.deepEqual([message.type, message.message], ['file', file.url]);
  assert.equal(await (await fetch(file.url)).text(), 'hello world');
  fails(await partner.post('/v2/chats/files', new FormData()), 400, '1000');
});

test('notify', async () => {
  const event = 'shop:announcement';
  const all = succeeds(await partner.post('/v2/notify/all', { event, data: { message: 'hi' } }), 200);
  assert.deepEqual(all, { event, recipients: 0 });
  fails(await partner.post('/v2/notify/user', { event, data: {}, socket_id: 'nobody' }), 404, '1004');
  fails(await partner.post('/v2/notify/all', { event: 'connect', data: {} }), 400, '1000');
  fails(await partner.post('/v2/notify/all', { event, data: 'text' }), 400, '1000');
});

test('a scoped token is one shop or user', async () => {
  const own = await partner.room('shop_001', 'browser');
  const others = await partner.room('shop_001', 'another');
  const made = await partner.post('/v2/auth/socket-token', { by: 'user', id: 'browser', expires_in: 60 });
  const { token, expires_at } = succeeds(made, 201);
  assert.match(expires_at, TIME);
  const as = { token };
  succeeds(await partner.get(`/v2/chats/room/${own}`, as), 200);
  const body = { room_id: own, sender_by: 'user', sender_id: 'browser', sender_name: 'B', message: 'x' };
  succeeds(await partner.post('/v2/chats/send', body, as), 201);
  fails(await partner.post('/v2/chats/send', said(own, 'x'), as), 403, '4003');
  fails(await partner.get(`/v2/chats/messages/${others}`, as), 403, '4003');
  fails(await partner.post('/v2/notify/all', { event: 'e', data: {} }, as), 403, '4003');
  fails(await partner.post('/v2/auth/rotate', {}, as), 403, '4003');
});

test('the old version answers the same, and says that it is old', async () => {
  const room = await partner.room('shop_001', 'old');
  const [old, now] = await Promise.all(['v1', 'v2'].map((version) => partner.get(`/${version}/chats/room/${room}`)));
  assert.deepEqual(old.json, now.json);
  assert.equal(old.headers.get('deprecation'), 'true');
  assert.equal(old.headers.get('link'), `</v2/chats/room/${room}>; rel="successor-version"`);
  assert.equal(now.headers.get('deprecation'), null);
});

test('what fits no route has the shape of the document', async () => {
  fails(await partner.get('/v2/nothing'), 404, '1004');
  fails(await partner.get('/v1/nothing'), 404, '1004');
  fails(await partner.get('/v2/chats/send'), 405, '1000');
  fails(await partner.post('/v2/chats/send', '{'), 400, '1000');
  fails(await partner.post('/v2/chats/send', 'x', { headers: { 'Content-Type': 'text/plain' } }), 415, '1000');
  fails(await partner.post('/v2/chats/send', 'x'.repeat(3_000_000)), 413, '1000');
});

test('the description has every route', async () => {
  const { paths } = await (await fetch(`${natter.openChat}/openapi/openchat.json`)).json();
  assert.deepEqual(Object.keys(paths).toSorted(), [
    '/v2/auth/me', '/v2/auth/register', '/v2/auth/rotate', '/v2/auth/socket-token', '/v2/auth/webhook',
    '/v2/auth/webhook/test', '/v2/chats/broadcast', '/v2/chats/files', '/v2/chats/mark-read',
    '/v2/chats/messages/{room_id}', '/v2/chats/reply', '/v2/chats/room/{room_id}', '/v2/chats/rooms',
    '/v2/chats/rooms/{type}/{id}', '/v2/chats/send', '/v2/notify/all', '/v2/notify/user',
  ]);
});

test('partners, rooms and messages survive a crash', async () => {
  const room = await partner.room('shop_001', 'survivor');
  const sent = succeeds(await partner.post('/v2/chats/send', said(room, 'still here')), 201);
  await natter.crash();
  await natter.launch();
  const [message] = succeeds(await partner.get(`/v2/chats/messages/${room}`), 200);
  assert.deepEqual([message._id, message.message], [sent.message_id, 'still here']);
  assert.equal((await partner.get(`/v2/chats/room/${room}`)).data.user_unread, 1);
});
