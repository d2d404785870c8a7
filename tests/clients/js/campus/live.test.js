// What sockets are told.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { SOCKET_ID, User, fields, form, newId, refused, start, sync } from './support.js';

let natter;
let ada;
let bob;
let eve;
before(async () => { natter = await start(); });
after(() => natter.remove());

async function circle() {
  [ada, bob, eve] = await User.circle(natter, 'Ada', 'Bob', 'Eve');
  return Promise.all([ada, ada, bob, eve].map((user) => user.connect()));
}
afterEach(() => [ada, bob, eve].forEach((user) => user?.hangUp()));

test('a new group is told to all participants, but not to the socket that made it', async () => {
  const [one, other, his, hers] = await circle();
  assert.match(one.id, SOCKET_ID);
  const chat = await ada.group([bob], { socket: one.id });
  for (const ear of [other, his]) {
    const { chat: told } = await ear.next('chat-created');
    assert.deepEqual([told._id, told.name, told.creator._id, told.isGroup], [chat._id, 'Math 101', ada.id, true]);
  }
  const message = await ada.say(chat, 'hello');
  for (const ear of [one, other, his]) assert.deepEqual(await ear.next('chat-message'), { message });
  assert.deepEqual([one.all('chat-created'), hers.heard], [[], []]);
});

test('a chat of two is told under the other one\'s name', async () => {
  const [one, , his] = await circle();
  const chat = await ada.pair(bob);
  assert.deepEqual([(await one.next('chat-created')).chat.name, (await his.next('chat-created')).chat.name], ['Bob', 'Ada']);
  await ada.pair(bob, 200);
  const message = await bob.say(chat, 'hello');
  assert.deepEqual(await one.next('chat-message'), { message });
  assert.deepEqual(one.all('chat-created'), [], 'the same chat is not made again');
});

test('who joins is told to the chat, and scores', async () => {
  const [one, , , hers] = await circle();
  const chat = await ada.group([bob]);
  const second = await eve.connect();
  const { participant } = await eve.ok('POST', `/chats/${chat._id}/participants`, { socket: hers.id }, 201);
  for (const ear of [one, second]) {
    const told = await ear.next('chat-joined');
    fields(told, 'chat', 'participant');
    assert.deepEqual([told.chat._id, told.participant], [chat._id, participant]);
  }
  assert.deepEqual(await hers.next('score-updated'), { action: 'join-group-chat', score: 10 });
  assert.deepEqual(hers.all('chat-joined'), []);
  await eve.ok('DELETE', `/chats/${chat._id}/participants/${eve.id}`);
  await eve.ok('POST', `/chats/${chat._id}/participants`, {}, 201);
  await hers.next('chat-joined');
  assert.deepEqual(hers.all('score-updated'), [], 'once for each chat');
  await sync(natter, { users: [{ _id: eve.id, score: 100 }] });
  const another = await ada.group([bob]);
  await eve.ok('POST', `/chats/${another._id}/participants`, {}, 201);
  assert.equal((await hers.next('score-updated')).score, 110);
});

test('who is added hears of it and of what follows', async () => {
  const [, , , hers] = await circle();
  const chat = await ada.group([bob]);
  await ada.ok('POST', `/chats/${chat._id}/participants/multiple`, { participants: [eve.id] }, 201);
  assert.equal((await hers.next('chat-joined')).chat._id, chat._id);
  await ada.say(chat, 'welcome');
  assert.equal((await hers.next('chat-message')).message.text, 'welcome');
});

test('who is removed hears that, and nothing more', async () => {
  const [one, other, his, hers] = await circle();
  const chat = await ada.group([bob, eve]);
  const { _id } = await ada.participant(chat, bob);
  await ada.ok('DELETE', `/chats/${chat._id}/participants/${_id}`, { socket: one.id });
  for (const ear of [other, his, hers]) {
    assert.deepEqual(await ear.next('chat-participant-removed'), { chat: chat._id, participant: { _id, user: bob.id } });
  }
  await ada.say(chat, 'without him');
  await hers.next('chat-message');
  assert.deepEqual([his.all('chat-message'), one.all('chat-participant-removed')], [[], []]);
});

test('changes, reading and deletion are told', async () => {
  const [one, other, his] = await circle();
  const chat = await ada.group([bob]);
  await ada.ok('PUT', `/chats/${chat._id}`, form({ name: 'Physics', allowPublicPost: 'false' }));
  for (const ear of [one, his]) {
    const { chat: told } = await ear.next('chat-updated');
    assert.deepEqual([told._id, told.name, told.allowPublicPost], [chat._id, 'Physics', false]);
  }
  await ada.say(chat, 'hello');
  const { lastReadAt } = await bob.ok('POST', `/chats/${chat._id}/read`);
  for (const ear of [one, his]) {
    assert.deepEqual(await ear.next('chat-read'), { chat: chat._id, user: bob.id, lastReadAt });
  }
  await ada.ok('DELETE', `/chats/${chat._id}`, { socket: one.id });
  for (const ear of [other, his]) assert.deepEqual(await ear.next('chat-deleted'), { chat: chat._id });
  await ada.group([bob], { name: 'Next' });
  await one.next('chat-created', ({ chat: told }) => told.name === 'Next');
  assert.deepEqual(one.all('chat-deleted'), []);
  assert.equal(his.all('chat-deleted').length, 0, 'told once');
});

test('admin access is told to the participant', async () => {
  const [, , his] = await circle();
  const chat = await ada.group([bob]);
  const { participant } = await ada.ok('POST', `/chats/${chat._id}/participants/${bob.id}/admin`);
  assert.deepEqual(await his.next('chat-admin-access-granted'), { chat: chat._id, participant });
  await ada.ok('DELETE', `/chats/${chat._id}/participants/${bob.id}/admin`);
  const told = await his.next('chat-admin-access-removed');
  assert.deepEqual([told.chat, told.participant.user, 'isAdmin' in told.participant], [chat._id, bob.id, false]);
});

test('requests are told to admins, and answers to who has asked', async () => {
  const [one, , his, hers] = await circle();
  const chat = await ada.group([bob], { restricted: true });
  refused(await eve.call('POST', `/chats/${chat._id}/participants`), 403);
  const { chat: id, request } = await one.next('chat-request');
  assert.deepEqual([id, request.user._id, request.status], [chat._id, eve.id, 'pending']);
  assert.deepEqual(his.all('chat-request'), []);
  await ada.ok('POST', `/chats/${chat._id}/requests/${request._id}`, { status: 'rejected' });
  const rejected = await hers.next('chat-participant-status');
  assert.deepEqual([rejected.chat, rejected.participant.user, rejected.status], [chat._id, eve.id, 'rejected']);
  refused(await eve.call('POST', `/chats/${chat._id}/participants`), 403);
  await sync(natter, { events: [{ _id: newId(), chat: chat._id, creator: ada.id, name: 'Party', active: true }] });
  const { participant } = await ada.ok('POST', `/chats/${chat._id}/participants/${eve.id}/status`, { status: 'accepted' });
  const accepted = await hers.next('chat-participant-status');
  assert.deepEqual(accepted, { chat: chat._id, participant, status: 'accepted' });
  await ada.say(chat, 'welcome');
  assert.equal((await hers.next('chat-message')).message.text, 'welcome');
});

test('who is online is shown', async () => {
  await circle();
  const chat = await ada.group([bob]);
  const online = (await ada.get(`/chats/${chat._id}`)).chat.participants.map(({ user }) => user.isOnline);
  assert.deepEqual(online, [true, true]);
  const [gone] = await User.circle(natter, 'Gone');
  const alone = await gone.ok('POST', `/chats/${chat._id}/participants`, {}, 201);
  const seen = await ada.participant(chat, gone);
  assert.deepEqual([seen._id, 'isOnline' in seen.user], [alone.participant._id, false]);
});
