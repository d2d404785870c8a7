// What real-time clients see: every event of the document and its shape, and who may listen.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { event } from '../support/client.js';
import { fields, start, TIME, User } from './support/sdk.js';

const PERMISSION_DENIED = 103;
const INVALID_TOKEN = 3500;

let natter;
let alice;
let bob;
let live;
before(async () => {
  natter = await start();
  [alice, bob] = await Promise.all(['alice', 'bob'].map((id) => User.sign(natter, id)));
  live = { alice: await alice.connect(), bob: await bob.connect() };
});
after(async () => {
  Object.values(live ?? {}).forEach((each) => each.close());
  await natter.remove();
});

const brief = (id) => ({ id, name: id, image: null });

/** A channel of both that both watch. */
async function watched(name) {
  const channel = await alice.group(name, ['bob']);
  await live.bob.next('channel.created', (payload) => payload.channel.id === channel.id);
  await Promise.all([live.alice.watch(channel.id), live.bob.watch(channel.id)]);
  return channel.id;
}

test('messages', async () => {
  const id = await watched('messages');
  const sent = await alice.say(id, 'hello @bob');
  for (const each of [live.alice, live.bob]) {
    const { payload, tags, offset, channel } = await each.next('message.new', ({ message }) => message.id === sent.id);
    assert.deepEqual(payload, { message: sent });
    assert.deepEqual([tags, channel, offset > 0], [{ seq: '1' }, `chat:demo:${id}`, true]);
  }
  const edited = await alice.ok('PATCH', `/api/channels/${id}/messages/${sent.id}`, { text: 'changed' });
  const updated = await live.bob.next('message.updated');
  assert.deepEqual([updated.payload, updated.tags], [{ message: edited }, undefined]);
  await alice.ok('DELETE', `/api/channels/${id}/messages/${sent.id}`);
  const { payload } = await live.bob.next('message.deleted');
  assert.deepEqual(payload, { channelId: id, messageId: sent.id, seq: 1 });
});

test('reactions and pins', async () => {
  const id = await watched('reactions');
  const { id: messageId } = await alice.say(id, 'react');
  const path = `/api/channels/${id}/messages/${messageId}`;
  await bob.ok('POST', `${path}/reactions`, { emoji: '👍' }, 201);
  const added = await live.alice.next('reaction.added');
  const reactions = [{ type: '👍', count: 1, users: [brief('bob')] }];
  assert.deepEqual(added.payload, { channelId: id, messageId, emoji: '👍', userId: 'bob', reactions });
  await bob.ok('DELETE', `${path}/reactions/${encodeURIComponent('👍')}`);
  const removed = await live.alice.next('reaction.removed');
  assert.deepEqual(removed.payload, { channelId: id, messageId, emoji: '👍', userId: 'bob', reactions: [] });
  await bob.ok('POST', `${path}/pin`);
  assert.deepEqual((await live.alice.next('message.pinned')).payload, { channelId: id, messageId, userId: 'bob' });
  await alice.ok('DELETE', `${path}/pin`);
  assert.deepEqual((await live.bob.next('message.unpinned')).payload, { channelId: id, messageId, userId: 'alice' });
});

test('typing starts, and stops by itself, by a call and by the message', async () => {
  const id = await watched('typing');
  const payload = { channelId: id, userId: 'alice', user: brief('alice') };
  const type = (body) => alice.ok('POST', `/api/channels/${id}/typing`, body);
  const see = async (name) => {
    const seen = await live.bob.next(name, ({ channelId }) => channelId === id);
    assert.deepEqual([seen.payload, seen.offset], [payload, undefined]);
  };
  for (const stop of [() => type({ typing: false }), () => alice.say(id, 'done'), () => {}]) {
    await type();
    await see('typing.start');
    await stop();
    await see('typing.stop');
  }
});

test('reading, receipts and unread counts', async () => {
  const id = await watched('reading');
  const { id: messageId } = await alice.say(id, 'read me');
  const here = ({ channelId }) => channelId === id;
  const unread = await live.bob.next('channel.unread_changed', (payload) => here(payload) && payload.count === 1);
  assert.deepEqual([unread.payload, unread.channel], [{ channelId: id, count: 1 }, 'user:demo:bob']);
  const { count } = await bob.get('/api/channels/unread-count');
  await live.bob.next('channel.total_unread_changed', (payload) => payload.count === count);
  await bob.ok('POST', `/api/channels/${id}/receipts`, { messageId });
  const updated = await live.alice.next('read.updated', here);
  assert.deepEqual(updated.payload, { channelId: id, userId: 'bob', lastReadSeq: 1, lastReadMessageId: messageId });
  const receipt = await live.alice.next('read_receipt', here);
  fields(receipt.payload, 'channelId', 'messageId', 'userId', 'readAt');
  assert.deepEqual([receipt.payload.messageId, receipt.payload.userId, receipt.offset], [messageId, 'bob', undefined]);
  assert.match(receipt.payload.readAt, TIME);
  await live.bob.next('channel.unread_changed', (payload) => here(payload) && payload.count === 0);
  await live.bob.next('channel.total_unread_changed', (payload) => payload.count === count - 1);
});

test('channels and members', async () => {
  const { id } = await alice.ok('POST', '/api/channels', { name: 'Members', type: 'public' }, 201);
  await live.alice.watch(id);
  await bob.ok('POST', `/api/channels/${id}/join`);
  const joined = await live.alice.next('channel.member_joined');
  assert.deepEqual(joined.payload, { channelId: id, userId: 'bob', user: brief('bob') });
  const { channel } = (await live.bob.next('channel.created', (payload) => payload.channel.id === id)).payload;
  fields(
    channel, 'id', 'cid', 'name', 'type', 'image', 'description', 'memberCount', 'createdBy', 'workspaceId', 'createdAt',
  );
  await alice.ok('PATCH', `/api/channels/${id}`, { name: 'Renamed' });
  for (const [each, at] of [[live.alice, `chat:demo:${id}`], [live.bob, 'user:demo:bob']]) {
    const updated = await each.next('channel.updated', (payload) => payload.channel.name === 'Renamed');
    assert.ok(each === live.alice || updated.channel === at);
  }
  await bob.ok('DELETE', `/api/channels/${id}/members/bob`);
  assert.deepEqual((await live.alice.next('channel.member_left')).payload, { channelId: id, userId: 'bob', user: brief('bob') });
  await alice.ok('DELETE', `/api/channels/${id}`);
  assert.deepEqual((await live.alice.next('channel.deleted')).payload, { channelId: id });
});

test('presence is told to those who share a channel', async () => {
  const carol = await User.sign(natter, 'carol');
  await alice.group('with carol', ['carol']);
  const visit = await carol.connect();
  const online = await live.alice.next('presence.online', ({ userId }) => userId === 'carol');
  fields(online.payload, 'userId', 'lastActiveAt');
  assert.match(online.payload.lastActiveAt, TIME);
  visit.close();
  const offline = await live.alice.next('presence.offline', ({ userId }) => userId === 'carol');
  assert.ok(offline.payload.lastActiveAt >= online.payload.lastActiveAt);
  assert.ok(!live.bob.events.some(({ type, payload }) => type.startsWith('presence') && payload.userId === 'carol'));
});

test('only those may listen who may see', async () => {
  const { id } = await alice.group('closed');
  const open = await alice.ok('POST', '/api/channels', { name: 'open', type: 'public' }, 201);
  assert.equal(await live.bob.refusal(`chat:demo:${id}`), PERMISSION_DENIED);
  assert.equal(await live.bob.refusal(`chat:demo:${id.replaceAll(/[0-9]/g, '0')}`), PERMISSION_DENIED);
  assert.equal(await live.bob.refusal('user:demo:alice'), PERMISSION_DENIED);
  assert.equal(await live.bob.refusal(`chat:other:${id}`), PERMISSION_DENIED);
  await live.bob.watch(open.id);
  await assert.rejects(live.alice.client.publish(`chat:demo:${open.id}`, { forged: true }), { code: PERMISSION_DENIED });
});

test('the token of calls opens no connection', async () => {
  const client = alice.client(alice.token);
  const refused = event(client, 'disconnected');
  client.connect();
  assert.equal((await refused).code, INVALID_TOKEN);
});
