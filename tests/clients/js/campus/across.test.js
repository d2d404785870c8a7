// One domain: what happens here shows in ChatSDK, and the other way round.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { User as SdkUser } from '../chatsdk/support/sdk.js';
import { User, form, newId, refused, start, sync } from './support.js';

let natter;
let ada;
let bob;
before(async () => {
  natter = await start();
  [ada, bob] = await User.circle(natter, 'Ada', 'Bob');
});
after(() => natter.remove());
afterEach(() => [ada, bob].forEach((user) => user?.hangUp()));

const uuid = (hex) => `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18)}000000`;

test('a group made here is a group there, and messages go both ways live', async () => {
  const ear = await ada.connect();
  const chat = await ada.group([bob]);
  const sdk = await SdkUser.sign(natter, bob.id);
  const { channels } = await sdk.get('/api/channels');
  const found = channels.find(({ id }) => id === uuid(chat._id));
  assert.deepEqual([found.type, found.name], ['group', 'Math 101']);
  const live = await sdk.connect();
  await live.watch(uuid(chat._id));
  const message = await ada.say(chat, 'from campus');
  const { payload } = await live.next('message.new');
  assert.deepEqual([payload.message.id, payload.message.text, payload.message.seq, payload.message.userId],
    [uuid(message._id), 'from campus', message.seq, ada.id]);
  const back = await sdk.say(uuid(chat._id), 'from ChatSDK');
  const { message: heard } = await ear.next('chat-message', (told) => told.message.text === 'from ChatSDK');
  assert.deepEqual([uuid(heard._id), heard.chat, heard.seq, heard.user], [back.id, chat._id, back.seq, bob.profile]);
  const { messages } = await ada.get(`/chats/${chat._id}/messages`);
  assert.deepEqual(messages.map(({ text }) => text), ['from campus', 'from ChatSDK']);
  live.client.disconnect();
});

test('a conversation is the same chat from either side', async () => {
  const [kim, lee] = await User.circle(natter, 'Kim', 'Lee');
  const sdk = await SdkUser.sign(natter, kim.id);
  const made = await sdk.ok('POST', '/api/channels', { type: 'messaging', memberIds: [lee.id] }, 201);
  const chat = await lee.pair(kim, 200);
  assert.equal(uuid(chat._id), made.id);
  await sdk.say(made.id, 'hello');
  const { chats } = await lee.get('/chats?group=false&meetMeOnly=true');
  assert.deepEqual([chats[0].name, chats[0].unread, chats[0].lastMessage.text], ['Kim', 1, 'hello']);
  await sdk.ok('POST', `/api/channels/${made.id}/read`);
  await lee.ok('POST', `/chats/${chat._id}/read`);
  const { channels } = await (await SdkUser.sign(natter, lee.id)).get('/api/channels');
  assert.equal(channels.find(({ id }) => id === made.id).unreadCount, 0);
});

test('rules of a group hold in every API', async () => {
  const chat = await ada.group([bob]);
  const [sdkAda, sdkBob] = [await SdkUser.sign(natter, ada.id), await SdkUser.sign(natter, bob.id)];
  await ada.ok('PUT', `/chats/${chat._id}`, form({ allowPublicPost: 'false' }));
  const refusal = await sdkBob.call('POST', `/api/channels/${uuid(chat._id)}/messages`, { text: 'hello' });
  assert.deepEqual([refusal.status, refusal.body.error.code], [403, 'FORBIDDEN']);
  await sdkAda.say(uuid(chat._id), 'hello');
  await ada.ok('POST', `/chats/${chat._id}/participants/${bob.id}/admin`);
  await sdkBob.say(uuid(chat._id), 'now I may');
});

test('what happens in the other API is told here', async () => {
  const [kim, lee, sam] = await User.circle(natter, 'Kim', 'Lee', 'Sam');
  const ears = await Promise.all([kim, lee, sam].map((user) => user.connect()));
  const [own, other, third] = ears;
  const sdk = await SdkUser.sign(natter, kim.id);
  const made = await sdk.group('Elsewhere', [lee.id]);
  const { chat } = await other.next('chat-created');
  assert.deepEqual([uuid(chat._id), chat.name, chat.isGroup], [made.id, 'Elsewhere', true]);
  const path = `/api/channels/${made.id}`;
  await sdk.ok('PATCH', path, { name: 'Renamed' });
  assert.equal((await other.next('chat-updated')).chat.name, 'Renamed');
  await sdk.ok('POST', `${path}/members`, { userIds: [sam.id] });
  assert.equal((await third.next('chat-joined')).participant.user, sam.id);
  const url = 'https://x.example/report.pdf';
  await sdk.say(made.id, 'a file', { attachments: [{ type: 'file', url, name: 'report.pdf', size: 7 }] });
  const { message } = await third.next('chat-message');
  const meta = { mediaType: 'document', fileName: 'report.pdf', fileSize: 7, duration: null };
  assert.deepEqual(message.files, [{ url, meta, _id: message.files[0]._id }]);
  await own.next('chat-message');
  await sdk.ok('DELETE', `${path}/members/${sam.id}`);
  assert.equal((await third.next('chat-participant-removed')).participant.user, sam.id);
  const { files } = await lee.get(`/chats/${chat._id}/files?type=document`);
  assert.deepEqual(files.map(({ file }) => file.url), [url]);
  refused(await sam.call('POST', `/chats/${chat._id}/participants`), 403, 'restricted');
  await sdk.ok('DELETE', path);
  assert.deepEqual(await other.next('chat-deleted'), { chat: chat._id });
  [kim, lee, sam].forEach((user) => user.hangUp());
});

test('a message with a file that is deleted there is listed no more', async () => {
  const chat = await ada.group([bob]);
  const files = [{ url: 'https://x.example/a.mp4' }];
  const { message } = await ada.ok('POST', `/chats/${chat._id}/messages`, { files }, 201);
  const sdk = await SdkUser.sign(natter, ada.id);
  const path = `/api/channels/${uuid(chat._id)}/messages/${uuid(message._id)}`;
  await sdk.ok('DELETE', path);
  const { chats } = await bob.get('/chats?search=math');
  assert.equal(chats.find(({ _id }) => _id === chat._id).lastMessage, null);
  assert.deepEqual(await bob.get(`/chats/${chat._id}/messages`), { messages: [], count: 0 });
  assert.equal((await bob.get(`/chats/${chat._id}/files`)).count, 0);
});

test('tenants do not see each other', async () => {
  const chat = await ada.group([bob]);
  const stranger = User.stranger(natter);
  await sync(natter, { users: [{ _id: stranger.id, name: 'Stranger', username: 's', following: [] }] }, 'other-api-key');
  assert.deepEqual(await stranger.get('/chats'), { chats: [], count: 0 });
  assert.equal((await stranger.get('/chats/explore/communities?search=math')).count, 0);
  refused(await stranger.call('POST', `/chats/${chat._id}/participants`), 404);
  refused(await stranger.call('POST', '/chats', { user: ada.id, meetMe: newId() }), 404);
});
