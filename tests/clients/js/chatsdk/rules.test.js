// What the API refuses, clamps, repeats and keeps apart.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { inSeconds, OTHER_SECRET, token } from '../support/token.js';
import { call, refused, start, User } from './support/sdk.js';

let natter;
let alice;
let bob;
let eve;
before(async () => {
  natter = await start();
  [alice, bob, eve] = await Promise.all(['alice', 'bob', 'eve'].map((id) => User.sign(natter, id, { name: id.toUpperCase() })));
});
after(() => natter.remove());

const backend = (method, path, body, more = {}) => call(natter, method, path, { body, ...more });
const unknown = '018f3c2a-9b1e-8f00-81a2-b3c4d5000000';
const seqs = ({ messages }) => messages.map(({ seq }) => seq);

test('a key and a token are needed, each of the same app', async () => {
  const as = (bearer, key = 'demo-api-key') => call(natter, 'GET', '/api/channels', { key, token: bearer });
  refused(await as(alice.token, null), 401, 'UNAUTHORIZED');
  refused(await as(alice.token, 'wrong'), 401, 'UNAUTHORIZED');
  refused(await as(undefined), 401, 'INVALID_TOKEN');
  refused(await as(alice.wsToken), 401, 'INVALID_TOKEN');
  refused(await as(alice.token, 'other-api-key'), 401, 'INVALID_TOKEN');
  refused(await as(token({ sub: 'alice', exp: inSeconds(-10) })), 401, 'INVALID_TOKEN');
  refused(await as(token({ sub: 'alice' }, OTHER_SECRET)), 401, 'INVALID_TOKEN');
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${alice.token.split('.')[1]}.`;
  refused(await as(none), 401, 'INVALID_TOKEN');
  assert.equal((await as(token({ sub: 'alice', aud: 'demo', exp: inSeconds(60) }))).status, 200);
  assert.equal((await as(token({ sub: 'newcomer' }))).status, 200);
  assert.equal((await backend('GET', '/api/users/newcomer')).body.name, 'newcomer');
});

test('the tokens of a user', async () => {
  refused(await backend('POST', '/tokens', {}), 400, 'VALIDATION_ERROR', 'userId');
  refused(await backend('POST', '/tokens', { userId: 'no spaces' }), 400, 'VALIDATION_ERROR', 'userId');
  refused(await backend('POST', '/tokens', { userId: 'x'.repeat(129) }), 400, 'VALIDATION_ERROR', 'userId');
  refused(await backend('POST', '/tokens', { userId: 'alice', admin: true }), 400, 'VALIDATION_ERROR', 'admin');
  refused(await backend('POST', '/tokens', { userId: 'alice', expiresIn: 59 }), 400, 'VALIDATION_ERROR', 'expiresIn');
  const kept = await User.sign(natter, 'kept', { name: 'Kept', email: 'kept@example.com' });
  assert.equal(kept.user.name, 'Kept');
  const { user } = await User.sign(natter, 'kept', { email: null });
  assert.deepEqual([user.name, user.email], ['Kept', null]);
});

test('deleted and revoked users have to come again', async () => {
  const gone = await User.sign(natter, 'gone', { name: 'Gone' });
  const { id } = await alice.group('With gone', ['gone']);
  const message = await gone.say(id, 'I was here');
  await backend('DELETE', '/api/users/gone');
  refused(await gone.call('GET', '/api/channels'), 401, 'INVALID_TOKEN');
  const left = await alice.get(`/api/channels/${id}/messages/${message.id}`);
  assert.deepEqual(left.user, { id: 'gone', name: 'Deleted user', image: null });
  assert.equal((await alice.get(`/api/channels/${id}`)).memberCount, 1);
  const back = await User.sign(natter, 'gone');
  assert.deepEqual(await back.get('/api/channels'), { channels: [] });
  assert.deepEqual((await backend('POST', '/api/users/gone/revoke')).body, { success: true });
  refused(await back.call('GET', '/api/channels'), 401, 'INVALID_TOKEN');
  await (await User.sign(natter, 'gone')).get('/api/channels');
});

test('unknown routes, wrong methods, types and bodies', async () => {
  refused(await alice.call('GET', '/api/nothing'), 404, 'NOT_FOUND');
  refused(await alice.call('PUT', '/api/channels'), 405, 'METHOD_NOT_ALLOWED');
  refused(await alice.call('POST', '/api/channels', '{"name":'), 400, 'VALIDATION_ERROR');
  refused(await alice.call('POST', '/api/channels', 'name=a', { 'Content-Type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE');
  refused(await alice.call('POST', '/api/channels', { name: 'x'.repeat(2_000_000) }), 413, 'PAYLOAD_TOO_LARGE');
  refused(await alice.call('GET', '/api/channels/xyz'), 404, 'NOT_FOUND');
  refused(await alice.call('GET', `/api/channels/${unknown}`), 404, 'NOT_FOUND');
  refused(await alice.call('GET', `/api/channels/${randomUUID()}`), 404, 'NOT_FOUND');
});

test('limits are clamped, or refused by name', async () => {
  const { id } = await alice.group('Limits');
  for (const path of ['/api/channels', `/api/channels/${id}/messages`, `/api/channels/${id}/members`]) {
    await alice.get(`${path}?limit=100000`);
    for (const limit of ['0', '-1', 'ten', '1.5', '']) {
      refused(await alice.call('GET', `${path}?limit=${limit}`), 400, 'VALIDATION_ERROR', 'limit');
    }
  }
  refused(await alice.call('GET', '/api/channels?type=party'), 400, 'VALIDATION_ERROR', 'type');
  refused(await alice.call('GET', '/api/channels?offset=-1'), 400, 'VALIDATION_ERROR', 'offset');
});

test('making channels', async () => {
  const make = (body) => alice.call('POST', '/api/channels', body);
  refused(await make({ type: 'group' }), 400, 'VALIDATION_ERROR', 'name');
  refused(await make({ name: 'a' }), 400, 'VALIDATION_ERROR', 'type');
  refused(await make({ name: 'a', type: 'party' }), 400, 'VALIDATION_ERROR', 'type');
  refused(await make({ type: 'messaging', memberIds: [] }), 400, 'VALIDATION_ERROR', 'memberIds');
  refused(await make({ type: 'messaging', memberIds: ['bob', 'eve'] }), 400, 'VALIDATION_ERROR', 'memberIds');
  refused(await make({ type: 'group', name: 'a', memberIds: ['bob', 'nobody'] }), 400, 'VALIDATION_ERROR', 'nobody');
  refused(await make({ type: 'group', name: 'a', workspaceId: 'x' }), 400, 'VALIDATION_ERROR', 'workspaceId');
  refused(await make({ type: 'group', name: 'a', workspaceId: unknown }), 404, 'NOT_FOUND');
  const pair = await make({ type: 'messaging', memberIds: ['alice', 'bob', 'bob'] });
  assert.equal(pair.status, 201, pair.text);
  const again = await bob.call('POST', '/api/channels', { type: 'messaging', memberIds: ['alice'] });
  assert.deepEqual([again.status, again.body.id], [200, pair.body.id]);
  refused(await alice.call('POST', `/api/channels/${pair.body.id}/members`, { userIds: ['eve'] }), 409, 'CONFLICT');
  const twins = await Promise.all([alice.group('Same name'), alice.group('Same name')]);
  assert.equal(new Set(twins.map(({ cid }) => cid)).size, 2);
});

test('who sees and does what', async () => {
  for (const type of ['group', 'team', 'private']) {
    const { id } = await alice.ok('POST', '/api/channels', { name: `closed ${type}`, type }, 201);
    refused(await eve.call('GET', `/api/channels/${id}`), 404, 'NOT_FOUND');
    refused(await eve.call('POST', `/api/channels/${id}/messages`, { text: 'hi' }), 404, 'NOT_FOUND');
    refused(await eve.call('POST', `/api/channels/${id}/join`), 404, 'NOT_FOUND');
  }
  for (const type of ['public', 'livestream']) {
    const { id } = await alice.ok('POST', '/api/channels', { name: `open ${type}`, type }, 201);
    await alice.say(id, 'welcome');
    assert.deepEqual(seqs(await eve.get(`/api/channels/${id}/messages`)), [1]);
    refused(await eve.call('POST', `/api/channels/${id}/messages`, { text: 'hi' }), 403, 'FORBIDDEN');
    assert.equal((await eve.ok('POST', `/api/channels/${id}/join`)).success, true);
    await eve.say(id, 'hi');
    refused(await eve.call('DELETE', `/api/channels/${id}`), 403, 'FORBIDDEN');
    refused(await eve.call('PATCH', `/api/channels/${id}`, { name: 'mine' }), 403, 'FORBIDDEN');
    refused(await eve.call('PATCH', `/api/channels/${id}/members/eve`, { role: 'owner' }), 403, 'FORBIDDEN');
    refused(await eve.call('DELETE', `/api/channels/${id}/members/alice`), 403, 'FORBIDDEN');
    refused(await alice.call('DELETE', `/api/channels/${id}/members/nobody`), 404, 'NOT_FOUND');
  }
});

test('another app sees nothing', async () => {
  const mallory = await User.sign(natter, 'alice', {}, 'other-api-key');
  const { id } = await alice.group('Ours');
  const message = await alice.say(id, 'ours');
  refused(await mallory.call('GET', `/api/channels/${id}`), 404, 'NOT_FOUND');
  refused(await mallory.call('GET', `/api/channels/${id}/messages/${message.id}`), 404, 'NOT_FOUND');
  assert.deepEqual(await mallory.get('/api/channels'), { channels: [] });
  refused(await backend('GET', '/api/users/bob', undefined, { key: 'other-api-key' }), 404, 'NOT_FOUND');
});

test('pages of messages', async () => {
  const { id } = await alice.group('Pages', ['bob']);
  const sent = [];
  for (let index = 1; index <= 7; index += 1) sent.push(await alice.say(id, `message ${index}`));
  const page = (query) => alice.get(`/api/channels/${id}/messages?${query}`);
  const look = async (query) => { const found = await page(query); return [seqs(found), found.hasMore, found.maxSeq]; };
  assert.deepEqual(await look('limit=3'), [[5, 6, 7], true, 7]);
  assert.deepEqual(await look(`limit=3&before=${sent[4].id}`), [[2, 3, 4], true, 7]);
  assert.deepEqual(await look(`limit=3&before=${sent[2].id}`), [[1, 2], false, 7]);
  assert.deepEqual(await look(`limit=3&after=${sent[2].id}`), [[4, 5, 6], true, 7]);
  assert.deepEqual(await look(`limit=3&after=${sent[4].id}`), [[6, 7], false, 7]);
  assert.deepEqual(await look('limit=3&since_seq=0'), [[1, 2, 3], true, 7]);
  assert.deepEqual(await look('since_seq=5'), [[6, 7], false, 7]);
  assert.deepEqual(await look('since_seq=7'), [[], false, 7]);
  await alice.ok('DELETE', `/api/channels/${id}/messages/${sent[5].id}`);
  assert.deepEqual(await look('limit=3'), [[4, 5, 7], true, 7]);
  const { messages: [gone, last] } = await page('since_seq=5');
  assert.deepEqual([Object.keys(gone).sort(), gone.id, last.seq], [['deletedAt', 'id', 'seq'], sent[5].id, 7]);
  refused(await alice.call('GET', `/api/channels/${id}/messages/${sent[5].id}`), 404, 'NOT_FOUND');
  for (const [query, field] of [
    ['before=x', 'before'], [`before=${unknown}`, 'before'], ['after=x', 'after'], [`after=${unknown}`, 'after'],
    ['since_seq=x', 'since_seq'], ['since_seq=-1', 'since_seq'], [`before=${sent[0].id}&after=${sent[1].id}`, 'before'],
  ]) refused(await alice.call('GET', `/api/channels/${id}/messages?${query}`), 400, 'VALIDATION_ERROR', field);
});

test('sending messages', async () => {
  const { id } = await alice.group('Sending', ['bob']);
  const send = (body, headers) => alice.call('POST', `/api/channels/${id}/messages`, body, headers);
  refused(await send({}), 400, 'VALIDATION_ERROR', 'text');
  refused(await send({ text: '' }), 400, 'VALIDATION_ERROR', 'text');
  refused(await send({ text: 'x'.repeat(10_001) }), 400, 'VALIDATION_ERROR', 'text');
  const file = { type: 'file', url: 'https://example.com/a', name: 'a' };
  refused(await send({ attachments: Array(11).fill(file) }), 400, 'VALIDATION_ERROR', 'attachments');
  refused(await send({ attachments: [{ ...file, type: 'page' }] }), 400, 'VALIDATION_ERROR', 'attachments');
  refused(await send({ attachments: [{ ...file, url: 'javascript:1' }] }), 400, 'VALIDATION_ERROR', 'attachments');
  refused(await send({ text: 'a', parentId: 'x' }), 400, 'VALIDATION_ERROR', 'parentId');
  refused(await send({ text: 'a', parentId: unknown }), 404, 'NOT_FOUND');
  refused(await send({ text: 'a', clientId: 'x'.repeat(65) }), 400, 'VALIDATION_ERROR', 'clientId');
  const first = await send({ text: 'once', clientId: 'c-1' });
  const again = await send({ text: 'once', clientId: 'c-1' });
  assert.deepEqual([first.status, again.status, again.body.id], [201, 200, first.body.id]);
  const mentioned = await send({ text: '@BOB, @bob and mail@eve.com; not @nobody but @eve.' });
  assert.deepEqual([mentioned.body.seq, mentioned.body.mentions], [2, ['bob', 'eve']]);
});

test('a repeat under an idempotency key creates nothing', async () => {
  const { id } = await alice.group('Repeats');
  const path = `/api/channels/${id}/messages`;
  const key = { 'Idempotency-Key': randomUUID() };
  const answers = await Promise.all([1, 2, 3].map(() => alice.call('POST', path, { text: 'once' }, key)));
  assert.deepEqual(answers.map(({ status }) => status), [201, 201, 201]);
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  refused(await alice.call('POST', path, { text: 'other' }, key), 422, 'IDEMPOTENCY_MISMATCH');
  assert.deepEqual(seqs(await alice.get(path)), [1]);
  const sameKey = await bob.call('POST', '/api/workspaces', { name: 'of bob' }, key);
  assert.equal(sameKey.status, 201);
});

test('editing, deleting, reacting and pinning', async () => {
  const { id } = await alice.group('Changing', ['bob']);
  const message = await alice.say(id, 'mine');
  const path = `/api/channels/${id}/messages/${message.id}`;
  refused(await bob.call('PATCH', path, { text: 'yours' }), 403, 'FORBIDDEN');
  refused(await bob.call('DELETE', path), 403, 'FORBIDDEN');
  refused(await alice.call('PATCH', path, { text: '' }), 400, 'VALIDATION_ERROR', 'text');
  refused(await alice.call('PATCH', `/api/channels/${id}/messages/xyz`, { text: 'a' }), 404, 'NOT_FOUND');
  for (const emoji of ['', '👍👍', 'a b', 'x'.repeat(33)]) {
    refused(await bob.call('POST', `${path}/reactions`, { emoji }), 400, 'VALIDATION_ERROR', 'emoji');
  }
  await bob.ok('POST', `${path}/reactions`, { emoji: ':tada:' }, 201);
  await alice.ok('POST', `${path}/reactions`, { emoji: ':tada:' }, 201);
  const { reactions: [tada] } = await alice.get(path);
  assert.deepEqual([tada.type, tada.count, tada.own, tada.users.map((user) => user.id)], [':tada:', 2, true, ['bob', 'alice']]);
  refused(await eve.call('POST', `${path}/pin`), 404, 'NOT_FOUND');
  refused(await bob.call('POST', `/api/channels/${id}/messages/${unknown}/pin`), 404, 'NOT_FOUND');
});

test('reading', async () => {
  const { id } = await alice.group('Reading', ['bob']);
  const sent = [await alice.say(id, 'one'), await bob.say(id, 'two'), await alice.say(id, 'three')];
  const unread = async (user) => (await user.get(`/api/channels/${id}`)).unreadCount;
  assert.deepEqual([await unread(alice), await unread(bob)], [1, 2]);
  const read = (messageId) => bob.ok('POST', `/api/channels/${id}/read`, messageId && { messageId });
  assert.deepEqual(await read(sent[0].id), { success: true, lastReadSeq: 1 });
  assert.equal(await unread(bob), 1);
  assert.equal((await read()).lastReadSeq, 3);
  assert.equal((await read(sent[0].id)).lastReadSeq, 3);
  assert.equal(await unread(bob), 0);
  refused(await bob.call('POST', `/api/channels/${id}/read`, { messageId: 'x' }), 400, 'VALIDATION_ERROR', 'messageId');
  refused(await bob.call('POST', `/api/channels/${id}/read`, { messageId: unknown }), 404, 'NOT_FOUND');
  refused(await bob.call('POST', `/api/channels/${id}/receipts`, {}), 400, 'VALIDATION_ERROR', 'messageId');
});

test('starred channels come first, muted ones are not counted', async () => {
  const reader = await User.sign(natter, 'reader');
  const [old, recent] = [await alice.group('Old', ['reader']), await alice.group('Recent', ['reader'])];
  await alice.say(old.id, 'a');
  await alice.say(recent.id, 'b');
  const order = async () => (await reader.get('/api/channels')).channels.map(({ name }) => name);
  assert.deepEqual(await order(), ['Recent', 'Old']);
  await reader.ok('PATCH', `/api/channels/${old.id}/settings`, { starred: true });
  assert.deepEqual(await order(), ['Old', 'Recent']);
  assert.deepEqual(await reader.get('/api/channels/unread-count'), { count: 2 });
  await reader.ok('PATCH', `/api/channels/${recent.id}/settings`, { muted: true });
  assert.deepEqual(await reader.get('/api/channels/unread-count'), { count: 1 });
});

test('a sync takes what is right and names what is wrong', async () => {
  const users = [{ id: 'right' }, { name: 'no id' }, { id: 'bad id' }, 'text', { id: 'mail', email: 'none' }];
  const { body } = await backend('POST', '/api/users/sync', { users });
  assert.deepEqual([body.synced, body.created, body.updated], [1, 1, 0]);
  assert.deepEqual(body.errors.map(({ index, id }) => [index, id]), [[1, null], [2, 'bad id'], [3, null], [4, 'mail']]);
  const many = Array.from({ length: 1_001 }, (_, index) => ({ id: `many-${index}` }));
  refused(await backend('POST', '/api/users/sync', { users: many }), 413, 'PAYLOAD_TOO_LARGE');
});

test('devices, preferences, invites and files', async () => {
  const device = { platform: 'ios', token: 'shared-token', provider: 'apns' };
  refused(await alice.call('POST', '/api/devices', { ...device, platform: 'web' }), 400, 'VALIDATION_ERROR', 'platform');
  const [first, again] = [await alice.call('POST', '/api/devices', device), await alice.call('POST', '/api/devices', device)];
  assert.deepEqual([first.status, again.status, again.body.id], [201, 200, first.body.id]);
  await bob.ok('POST', '/api/devices', device, 201);
  assert.deepEqual(await alice.get('/api/devices'), { devices: [] });
  refused(await alice.call('DELETE', '/api/devices/none'), 404, 'NOT_FOUND');
  refused(await alice.call('PATCH', '/api/devices/preferences', { quietHoursStart: '25:00' }), 400, 'VALIDATION_ERROR', 'quietHoursStart');
  refused(await alice.call('PATCH', '/api/devices/preferences', { timezone: 'Mars/Base' }), 400, 'VALIDATION_ERROR', 'timezone');
  const { id } = await alice.ok('POST', '/api/workspaces', { name: 'Mine' }, 201);
  refused(await bob.call('GET', `/api/workspaces/${id}`), 404, 'NOT_FOUND');
  for (const wrong of [{ maxUses: 0 }, { maxUses: 1001 }, { expiresInDays: 31 }, { role: 'owner' }]) {
    refused(await alice.call('POST', `/api/workspaces/${id}/invite`, wrong), 400, 'VALIDATION_ERROR', Object.keys(wrong)[0]);
  }
  const invite = await alice.ok('POST', `/api/workspaces/${id}/invite`, { maxUses: 1 }, 201);
  await bob.ok('POST', '/api/workspaces/join', { token: invite.token });
  refused(await eve.call('POST', '/api/workspaces/join', { token: invite.token }), 404, 'NOT_FOUND');
  refused(await bob.call('POST', `/api/workspaces/${id}/invite`, {}), 403, 'FORBIDDEN');
  refused(await call(natter, 'GET', `/invite/${invite.token}`), 404, 'NOT_FOUND');
  refused(await alice.call('POST', '/api/files', new FormData()), 400, 'VALIDATION_ERROR', 'file');
  refused(await alice.call('POST', '/api/files', {}), 415, 'UNSUPPORTED_MEDIA_TYPE');
});
