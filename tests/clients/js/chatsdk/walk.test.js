// The document, endpoint by endpoint: what is answered, and its shape.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { call, fields, start, TIME, User, UUID } from './support/sdk.js';

let natter;
let alice;
let bob;
before(async () => {
  natter = await start();
  alice = await User.sign(natter, 'user-1', { name: 'Alice Johnson', email: 'alice@example.com', image: 'https://example.com/a.jpg' });
  bob = await User.sign(natter, 'user-2', { name: 'Bob Smith' });
});
after(() => natter.remove());

const backend = (method, path, body) => call(natter, method, path, { body });
const MESSAGE = [
  'id', 'channelId', 'userId', 'text', 'seq', 'user', 'reactions', 'mentions', 'attachments', 'linkPreviews', 'parentId',
  'replyCount', 'lastReplyAt', 'createdAt', 'updatedAt',
];
const CHANNEL = [
  'id', 'cid', 'name', 'type', 'image', 'memberCount', 'unreadCount', 'lastMessage', 'starred', 'muted', 'createdAt',
];
const DETAIL = [...CHANNEL, 'description', 'members', 'createdBy', 'workspaceId', 'maxSeq'];

test('tokens', async () => {
  const custom = { role: 'admin' };
  const profile = { name: 'Carol', email: 'carol@example.com', image: 'https://example.com/c.jpg', custom };
  const { status, body } = await backend('POST', '/tokens', { userId: 'user-3', ...profile });
  assert.equal(status, 200);
  fields(body, 'token', 'wsToken', 'user', 'expiresIn', 'wsUrl', 'appId');
  assert.deepEqual(body.user, { id: 'user-3', name: 'Carol', email: profile.email, image: profile.image });
  assert.deepEqual([body.expiresIn, body.appId, body.wsUrl], [86_400, 'demo', natter.url]);
  assert.notEqual(body.token, body.wsToken);
});

test('channels', async () => {
  const made = await alice.group('Project Alpha', ['user-2'], { description: 'Discussion', image: 'https://example.com/p.jpg' });
  fields(made, ...DETAIL);
  assert.match(made.id, UUID);
  assert.match(made.createdAt, TIME);
  assert.deepEqual(
    [made.cid, made.name, made.type, made.description, made.memberCount, made.createdBy, made.maxSeq, made.workspaceId],
    ['group:project-alpha', 'Project Alpha', 'group', 'Discussion', 2, 'user-1', 0, null],
  );
  fields(made.members[0], 'userId', 'name', 'image', 'role', 'joinedAt', 'online');
  const roles = Object.fromEntries(made.members.map(({ userId, role }) => [userId, role]));
  assert.deepEqual(roles, { 'user-1': 'owner', 'user-2': 'member' });
  const message = await bob.say(made.id, 'first');
  const { channels } = await alice.get('/api/channels?limit=10&type=group');
  fields(channels[0], ...CHANNEL);
  assert.deepEqual([channels[0].id, channels[0].unreadCount, channels[0].lastMessage.id], [made.id, 1, message.id]);
  assert.deepEqual(await alice.get('/api/channels/unread-count'), { count: 1 });
  const found = await alice.get(`/api/channels/${made.id}`);
  fields(found, ...DETAIL);
  assert.deepEqual([found.maxSeq, found.unreadCount], [1, 1]);
  const read = await alice.ok('POST', `/api/channels/${made.id}/read`, { messageId: message.id });
  assert.deepEqual(read, { success: true, lastReadSeq: 1 });
  const changed = await alice.ok('PATCH', `/api/channels/${made.id}`, { name: 'Beta', description: null });
  assert.deepEqual([changed.name, changed.description, changed.image], ['Beta', null, 'https://example.com/p.jpg']);
  assert.deepEqual(await alice.ok('DELETE', `/api/channels/${made.id}`), { success: true });
  assert.equal((await alice.call('GET', `/api/channels/${made.id}`)).status, 404);
});

test('receipts', async () => {
  const { id } = await alice.group('Receipts', ['user-2']);
  const [first, second] = [await alice.say(id, 'one'), await alice.say(id, 'two')];
  const read = await bob.ok('POST', `/api/channels/${id}/receipts`, { messageId: first.id });
  assert.deepEqual(read, { success: true, lastReadMessageId: first.id });
  const receipts = await alice.get(`/api/channels/${id}/receipts/messages/${first.id}/receipts`);
  fields(receipts, 'readBy', 'readCount', 'totalMembers');
  fields(receipts.readBy[0], 'userId', 'name', 'image', 'readAt');
  assert.match(receipts.readBy[0].readAt, TIME);
  assert.deepEqual([receipts.readBy[0].userId, receipts.readCount, receipts.totalMembers], ['user-2', 1, 2]);
  const query = await alice.ok('POST', `/api/channels/${id}/receipts/query`, { messageIds: [first.id, second.id] });
  assert.deepEqual(query.receipts[first.id], { readCount: 1, readers: receipts.readBy });
  assert.deepEqual(query.receipts[second.id], { readCount: 0, readers: [] });
  const { members } = await alice.get(`/api/channels/${id}/receipts/read-status`);
  assert.equal(members.length, 2);
  assert.deepEqual(members.find(({ userId }) => userId === 'user-2'), { userId: 'user-2', name: 'Bob Smith', image: null, lastReadMessageId: first.id, lastReadSeq: 1 });
});

test('messages', async () => {
  const { id } = await alice.group('Messages', ['user-2']);
  const parent = await alice.say(id, 'Hello @user-2! Check this out.');
  fields(parent, ...MESSAGE);
  assert.match(parent.id, UUID);
  assert.deepEqual([parent.channelId, parent.userId, parent.seq, parent.mentions], [id, 'user-1', 1, ['user-2']]);
  assert.deepEqual(parent.user, { id: 'user-1', name: 'Alice Johnson', image: 'https://example.com/a.jpg' });
  assert.equal(parent.createdAt, parent.updatedAt);
  const attachments = [{ type: 'image', url: 'https://example.com/image.jpg', name: 'photo.jpg' }];
  const reply = await bob.say(id, '', { attachments, parentId: parent.id });
  assert.deepEqual([reply.attachments, reply.parentId, reply.seq], [attachments, parent.id, 2]);
  const page = await alice.get(`/api/channels/${id}/messages`);
  fields(page, 'messages', 'maxSeq', 'hasMore');
  assert.deepEqual([page.messages.map(({ seq }) => seq), page.maxSeq, page.hasMore], [[1, 2], 2, false]);
  const answered = await alice.get(`/api/channels/${id}/messages/${parent.id}`);
  assert.equal(answered.replyCount, 1);
  assert.match(answered.lastReplyAt, TIME);
  const thread = await alice.get(`/api/channels/${id}/messages?parentId=${parent.id}`);
  assert.deepEqual(thread.messages.map((each) => each.id), [reply.id]);
  const edited = await alice.ok('PATCH', `/api/channels/${id}/messages/${parent.id}`, { text: 'Updated message text' });
  assert.deepEqual([edited.text, edited.mentions], ['Updated message text', []]);
  assert.ok(edited.updatedAt > edited.createdAt);
  const { messages, hasMore } = await alice.get('/api/search?q=UPDATED');
  assert.deepEqual([messages.map((each) => each.id), hasMore], [[parent.id], false]);
  assert.deepEqual(await bob.ok('DELETE', `/api/channels/${id}/messages/${reply.id}`), { success: true });
  const since = await alice.get(`/api/channels/${id}/messages?since_seq=1`);
  fields(since.messages[0], 'id', 'seq', 'deletedAt');
  assert.deepEqual([since.messages[0].id, since.messages[0].seq], [reply.id, 2]);
});

test('reactions and pins', async () => {
  const { id } = await alice.group('Reactions', ['user-2']);
  const message = await alice.say(id, 'react to this');
  const path = `/api/channels/${id}/messages/${message.id}`;
  const { reactions } = await bob.ok('POST', `${path}/reactions`, { emoji: '👍' }, 201);
  const users = [{ id: 'user-2', name: 'Bob Smith', image: null }];
  assert.deepEqual(reactions, [{ type: '👍', count: 1, own: true, users }]);
  assert.deepEqual((await alice.get(path)).reactions, [{ type: '👍', count: 1, own: false, users }]);
  await bob.ok('POST', `${path}/reactions`, { emoji: '👍' }, 200);
  assert.deepEqual(await bob.ok('DELETE', `${path}/reactions/${encodeURIComponent('👍')}`), { success: true });
  assert.deepEqual((await alice.get(path)).reactions, []);
  assert.deepEqual(await bob.ok('POST', `${path}/pin`), { success: true });
  const { messages: [pinned] } = await alice.get(`/api/channels/${id}/pins`);
  fields(pinned, ...MESSAGE, 'pinnedBy', 'pinnedAt');
  assert.deepEqual([pinned.id, pinned.pinnedBy], [message.id, 'user-2']);
  assert.deepEqual(await bob.ok('DELETE', `${path}/pin`), { success: true });
  assert.deepEqual(await alice.get(`/api/channels/${id}/pins`), { messages: [] });
});

test('settings, typing and members', async () => {
  const { id } = await alice.group('Members');
  const settings = await alice.ok('PATCH', `/api/channels/${id}/settings`, { starred: true, muted: false });
  assert.deepEqual(settings, { success: true, starred: true, muted: false });
  assert.deepEqual(await alice.ok('POST', `/api/channels/${id}/typing`), { success: true });
  assert.deepEqual(await alice.ok('POST', `/api/channels/${id}/typing`, { typing: false }), { success: true });
  const { members } = await alice.ok('POST', `/api/channels/${id}/members`, { userIds: ['user-2'] });
  fields(members[0], 'userId', 'name', 'image', 'role', 'joinedAt', 'online');
  const admin = await alice.ok('PATCH', `/api/channels/${id}/members/user-2`, { role: 'admin' });
  assert.equal(admin.role, 'admin');
  const listed = await bob.get(`/api/channels/${id}/members?limit=1&offset=1`);
  assert.deepEqual(listed.members.map(({ userId }) => userId), ['user-2']);
  assert.deepEqual(await bob.ok('DELETE', `/api/channels/${id}/members/user-2`), { success: true });
  assert.equal((await bob.call('GET', `/api/channels/${id}`)).status, 404);
});

test('users', async () => {
  const users = [
    { id: 'sync-1', name: 'Synced One', email: 'one@example.com', custom: { department: 'Engineering' } },
    { id: 'sync-2', name: 'Synced Two' },
  ];
  const first = await backend('POST', '/api/users/sync', { users });
  assert.deepEqual(first.body, { synced: 2, created: 2, updated: 0, errors: [] });
  const again = await backend('POST', '/api/users/sync', { users: [users[0], { id: 'sync-3' }] });
  assert.deepEqual(again.body, { synced: 2, created: 1, updated: 1, errors: [] });
  const list = await backend('GET', '/api/users?q=SYNCED&limit=1');
  fields(list.body.users[0], 'id', 'name', 'image', 'lastActiveAt', 'online');
  assert.deepEqual(list.body.users.map(({ id }) => id), ['sync-1']);
  const detail = await backend('GET', '/api/users/sync-1');
  assert.deepEqual([detail.body.email, detail.body.custom, detail.body.online], ['one@example.com', { department: 'Engineering' }, false]);
  const saved = await backend('PUT', '/api/users/sync-2', { name: 'Two', email: 'two@example.com', custom: { role: 'admin' } });
  assert.deepEqual(saved.body, {
    id: 'sync-2', name: 'Two', image: null, email: 'two@example.com', custom: { role: 'admin', email: 'two@example.com' },
  });
  const deleted = await backend('DELETE', '/api/users/sync-1');
  assert.deepEqual([deleted.status, deleted.body], [200, { success: true, deletedUserId: 'sync-1' }]);
  const bulk = await backend('POST', '/api/users/bulk-delete', { userIds: ['sync-2', 'sync-3', 'nobody'] });
  assert.deepEqual(bulk.body, { success: true, deleted: ['sync-2', 'sync-3'], count: 2 });
  assert.equal((await backend('GET', '/api/users/sync-1')).status, 404);
});

test('devices and preferences', async () => {
  const device = { platform: 'ios', token: 'device-push-token', provider: 'apns', deviceId: 'phone', appVersion: '1.0.0' };
  const made = await alice.ok('POST', '/api/devices', device, 201);
  fields(made, 'id', 'platform', 'provider', 'createdAt');
  assert.match(made.id, UUID);
  const { devices } = await alice.get('/api/devices');
  assert.deepEqual(devices, [{ ...made, deviceId: 'phone', appVersion: '1.0.0' }]);
  const before = await alice.get('/api/devices/preferences');
  assert.deepEqual(before, {
    preferences: {
      pushEnabled: true, newMessages: true, mentions: true, reactions: false, channelInvites: true, threadReplies: true,
      quietHoursEnabled: false, quietHoursStart: '22:00', quietHoursEnd: '07:00', timezone: 'UTC',
    },
    novuPreferences: { channels: [], workflows: [] },
  });
  const patch = { reactions: true, quietHoursEnabled: true, timezone: 'Europe/Berlin' };
  const after = await alice.ok('PATCH', '/api/devices/preferences', patch);
  assert.deepEqual(after.preferences, { ...before.preferences, ...patch });
  assert.deepEqual(await alice.ok('DELETE', '/api/devices/phone'), { success: true });
  assert.deepEqual(await alice.get('/api/devices'), { devices: [] });
});

test('workspaces and invites', async () => {
  const made = await alice.ok('POST', '/api/workspaces', { name: 'Acme Corp', type: 'team', image: 'https://example.com/w.jpg' }, 201);
  fields(made, 'id', 'name', 'type', 'image', 'memberCount', 'channelCount', 'role', 'isDefault');
  assert.deepEqual([made.role, made.memberCount, made.isDefault], ['admin', 1, true]);
  await alice.group('In it', [], { workspaceId: made.id });
  const invite = await alice.ok('POST', `/api/workspaces/${made.id}/invite`, { maxUses: 1, expiresInDays: 7, role: 'member' }, 201);
  fields(invite, 'token', 'inviteUrl', 'expiresAt');
  assert.equal(invite.inviteUrl, `${natter.http}/invite/${invite.token}`);
  const shown = await (await fetch(invite.inviteUrl)).json();
  assert.deepEqual([shown.workspace.name, shown.role, shown.usesLeft], ['Acme Corp', 'member', 1]);
  const page = await (await fetch(invite.inviteUrl, { headers: { Accept: 'text/html' } })).text();
  assert.ok(page.includes('Acme Corp'));
  const joined = await bob.ok('POST', '/api/workspaces/join', { token: invite.token });
  assert.deepEqual([joined.id, joined.role, joined.memberCount], [made.id, 'member', 2]);
  const { workspaces } = await bob.get('/api/workspaces');
  assert.deepEqual(workspaces.map(({ id, channelCount }) => [id, channelCount]), [[made.id, 1]]);
  assert.equal((await bob.get(`/api/workspaces/${made.id}`)).name, 'Acme Corp');
  const { members } = await bob.get(`/api/workspaces/${made.id}/members`);
  assert.deepEqual(members.map(({ userId, role }) => [userId, role]), [['user-1', 'admin'], ['user-2', 'member']]);
});

test('files', async () => {
  const form = new FormData();
  form.set('file', new Blob([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')], { type: 'text/html' }), 'photo.png');
  const file = await alice.ok('POST', '/api/files', form, 201);
  fields(file, 'url', 'name', 'size', 'mimeType');
  assert.deepEqual([file.name, file.size, file.mimeType], ['photo.png', 16, 'image/png']);
  assert.equal((await (await fetch(file.url)).arrayBuffer()).byteLength, 16);
});

test('the description names every route', async () => {
  const { paths, components } = await (await fetch(`${natter.http}/openapi.json`)).json();
  assert.ok(paths['/api/channels/{channelId}/messages'].post && components.schemas.chatsdk_ChatSdkMessage);
  assert.equal((await fetch(`${natter.http}/openapi/chatsdk.json`)).status, 200);
  assert.equal((await fetch(`${natter.http}/docs`)).status, 200);
});
