// Joining, adding and removing participants, and their admin access.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { TIME, User, fields, newId, refused, start } from './support.js';

let natter;
let ada;
let bob;
let eve;
before(async () => {
  natter = await start();
  [ada, bob, eve] = await User.circle(natter, 'Ada', 'Bob', 'Eve');
});
after(() => natter.remove());

const path = (chat, rest = '') => `/chats/${chat._id}/participants${rest}`;

test('anyone joins a chat that is not restricted, once', async () => {
  const chat = await ada.group([bob]);
  const { participant } = await eve.ok('POST', path(chat), {}, 201);
  fields(participant, 'user', '_id', 'lastReadAt');
  assert.equal(participant.user, eve.id);
  assert.match(participant.lastReadAt, TIME);
  refused(await eve.call('POST', path(chat)), 409);
  refused(await eve.call('POST', path(chat), { socket: '!' }), 400, 'socket');
  refused(await eve.call('POST', path({ _id: newId() })), 404);
  refused(await eve.call('POST', path({ _id: 'none' })), 400);
  refused(await eve.call('POST', path(await ada.pair(bob))), 400);
  refused(await User.stranger(natter).call('POST', path(chat)), 404);
  assert.equal((await eve.get(`/chats/${chat._id}`)).chat.participantsCount, 3);
});

test('an admin adds those whom it follows, and passes participants over', async () => {
  const chat = await ada.group([bob]);
  const add = (user, participants) => user.call('POST', path(chat, '/multiple'), { participants });
  const added = await add(ada, [bob.id, eve.id]);
  assert.equal(added.status, 201, added.text);
  assert.deepEqual(added.body.participants.map(({ user }) => user), [eve.id]);
  fields(added.body.participants[0], 'user', '_id', 'lastReadAt');
  assert.deepEqual((await add(ada, [eve.id])).body, { participants: [] });
  const [stranger] = await User.circle(natter, 'Stranger');
  refused(await add(ada, [stranger.id]), 403);
  refused(await add(ada, [newId()]), 404);
  refused(await add(ada, []), 400, 'participants');
  refused(await add(bob, [eve.id]), 403);
  refused(await add(stranger, [eve.id]), 403);
  refused(await ada.call('POST', `/chats/${(await ada.pair(eve))._id}/participants/multiple`, { participants: [bob.id] }), 400);
});

test('admins remove others, everyone oneself', async () => {
  const chat = await ada.group([bob, eve]);
  const own = await bob.participant(chat);
  const other = await bob.participant(chat, eve);
  refused(await bob.call('DELETE', path(chat, `/${other._id}`)), 403);
  refused(await bob.call('DELETE', path(chat, `/${newId()}`)), 404);
  refused(await bob.call('DELETE', path(chat, '/none')), 400);
  assert.deepEqual(await bob.ok('DELETE', path(chat, `/${own._id}`)), { success: true });
  refused(await bob.call('GET', `/chats/${chat._id}`), 403);
  refused(await bob.call('DELETE', path(chat, `/${other._id}`)), 403);
  await ada.ok('DELETE', path(chat, `/${eve.id}`));
  refused(await ada.call('DELETE', path(chat, `/${other._id}`)), 404);
  const pair = await ada.pair(bob, 200);
  refused(await ada.call('DELETE', path(pair, `/${(await ada.participant(pair, bob))._id}`)), 400);
});

test('the last admin stays while others remain, and the last participant takes the chat along', async () => {
  const chat = await ada.group([bob]);
  refused(await ada.call('DELETE', path(chat, `/${ada.id}`)), 409);
  await ada.ok('POST', path(chat, `/${bob.id}/admin`));
  await ada.ok('DELETE', path(chat, `/${ada.id}`));
  const left = await bob.participant(chat);
  assert.equal(left.isAdmin, true);
  await bob.ok('DELETE', path(chat, `/${left._id}`));
  refused(await bob.call('GET', `/chats/${chat._id}`), 404);
});

test('admins name others, and take that back from others only', async () => {
  const chat = await ada.group([bob, eve]);
  const { _id } = await ada.participant(chat, bob);
  refused(await eve.call('POST', path(chat, `/${_id}/admin`)), 403);
  refused(await ada.call('POST', path(chat, `/${newId()}/admin`)), 404);
  const { participant } = await ada.ok('POST', path(chat, `/${_id}/admin`));
  assert.deepEqual([participant._id, participant.user, participant.isAdmin], [_id, bob.id, true]);
  assert.equal((await bob.get(`/chats/${chat._id}`)).chat.areYouAdmin, true);
  refused(await bob.call('DELETE', path(chat, `/${_id}/admin`)), 403);
  assert.deepEqual(await bob.ok('DELETE', path(chat, `/${ada.id}/admin`)), { success: true });
  assert.ok(!('isAdmin' in await ada.participant(chat)));
  refused(await ada.call('PUT', `/chats/${chat._id}`, { name: 'Mine' }), 403);
  await bob.ok('PUT', `/chats/${chat._id}`, { name: 'His' });
  assert.deepEqual(await bob.ok('DELETE', `/chats/${chat._id}`), { success: true });
  refused(await ada.call('POST', path(await ada.pair(bob, 200), `/${bob.id}/admin`)), 400);
});

test('two admins who leave at once do not leave the others alone', async () => {
  for (let round = 0; round < 5; round += 1) {
    const chat = await ada.group([bob, eve]);
    await ada.ok('POST', path(chat, `/${bob.id}/admin`));
    const answers = await Promise.all([ada, bob].map((user) => user.call('DELETE', path(chat, `/${user.id}`))));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409], JSON.stringify(answers.map(({ text }) => text)));
    const { chat: seen } = await eve.get(`/chats/${chat._id}`);
    assert.equal(seen.participants.filter(({ isAdmin }) => isAdmin).length, 1);
  }
});
