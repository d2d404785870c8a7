// Restricted groups: who wants to join asks, and admins answer.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ID, TIME, User, fields, newId, refused, start, sync } from './support.js';

let natter;
let ada;
let bob;
let eve;
before(async () => {
  natter = await start();
  [ada, bob, eve] = await User.circle(natter, 'Ada', 'Bob', 'Eve');
});
after(() => natter.remove());

const restricted = () => ada.group([bob], { restricted: true, name: 'Pool Party', category: 'Party' });
const requests = (chat, rest = '') => `/chats/${chat._id}/requests${rest}`;
const status = (chat, id) => `/chats/${chat._id}/participants/${id}/status`;

async function asked(chat, user = eve) {
  refused(await user.call('POST', `/chats/${chat._id}/participants`), 403, 'restricted');
  const { requests: found } = await ada.get(requests(chat));
  return found.find((request) => request.user._id === user.id);
}

async function event(chat, active = true) {
  await sync(natter, { events: [{ _id: newId(), chat: chat._id, creator: ada.id, name: 'Party', active }] });
}

test('a restricted group answers 403 and leaves one request', async () => {
  const chat = await restricted();
  const headers = { 'Idempotency-Key': newId() };
  const join = () => eve.call('POST', `/chats/${chat._id}/participants`, {}, headers);
  const [first, second] = [await join(), await join()];
  refused(first, 403);
  assert.equal(second.text, first.text);
  const request = await asked(chat);
  fields(request, '_id', 'user', 'chat', 'status', 'createdAt');
  assert.match(request._id, ID);
  assert.match(request.createdAt, TIME);
  assert.deepEqual([request.user, request.chat, request.status], [eve.profile, chat._id, 'pending']);
  assert.equal((await ada.get(requests(chat))).count, 1);
  refused(await bob.call('GET', requests(chat)), 403);
  refused(await eve.call('GET', requests(chat)), 403);
  refused(await ada.call('GET', requests(chat, '?limit=0')), 400);
});

test('admins of any group answer by the request', async () => {
  const chat = await restricted();
  const { _id } = await asked(chat);
  const answer = (user, body) => user.call('POST', requests(chat, `/${_id}`), body);
  refused(await answer(bob, { status: 'accepted' }), 403);
  refused(await answer(ada, { status: 'perhaps' }), 400, 'status');
  refused(await ada.call('POST', requests(chat, `/${newId()}`), { status: 'accepted' }), 404);
  const rejected = await answer(ada, { status: 'rejected' });
  assert.equal(rejected.status, 200, rejected.text);
  assert.deepEqual(await ada.get(requests(chat)), { requests: [], count: 0 });
  refused(await answer(ada, { status: 'accepted' }), 404);
  const again = await asked(chat);
  const { participant } = await ada.ok('POST', requests(chat, `/${again._id}`), { status: 'accepted' });
  assert.equal(participant.user, eve.id);
  assert.equal((await eve.get(`/chats/${chat._id}`)).chat.isJoined, true);
  assert.equal((await ada.get(requests(chat))).count, 0);
});

test('an event\'s admin answers by the participant', async () => {
  const chat = await restricted();
  const request = await asked(chat);
  refused(await ada.call('POST', status(chat, request._id), { status: 'accepted' }), 409, 'event');
  await event(chat, false);
  refused(await ada.call('POST', status(chat, request._id), { status: 'accepted' }), 409, 'active');
  await event(chat);
  refused(await bob.call('POST', status(chat, request._id), { status: 'accepted' }), 403);
  refused(await ada.call('POST', status(chat, newId()), { status: 'accepted' }), 404);
  refused(await ada.call('POST', status(chat, request._id), {}), 400, 'status');
  const { participant } = await ada.ok('POST', status(chat, request._id), { status: 'accepted' });
  assert.equal(participant.user, eve.id);
  refused(await ada.call('POST', status(chat, request._id), { status: 'accepted' }), 404);
});

test('the user\'s id names the request as well, and a rejected one disappears', async () => {
  const chat = await restricted();
  await asked(chat);
  await event(chat);
  const { participant } = await ada.ok('POST', status(chat, eve.id), { status: 'rejected' });
  assert.equal(participant.user, eve.id);
  assert.equal((await ada.get(requests(chat))).count, 0);
  refused(await eve.call('GET', `/chats/${chat._id}`), 403);
  refused(await ada.call('POST', status(chat, eve.id), { status: 'accepted' }), 404);
});

test('a request is withdrawn by its user', async () => {
  const chat = await restricted();
  const { _id } = await asked(chat);
  refused(await bob.call('DELETE', requests(chat, `/${_id}`)), 403);
  assert.deepEqual(await eve.ok('DELETE', requests(chat, `/${_id}`)), { success: true });
  refused(await eve.call('DELETE', requests(chat, `/${_id}`)), 404);
  assert.equal((await ada.get(requests(chat))).count, 0);
});
