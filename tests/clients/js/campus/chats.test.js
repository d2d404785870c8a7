// Making, reading, changing and deleting chats.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ID, PNG, TIME, User, fields, form, newId, refused, start, sync } from './support.js';

let natter;
let ada;
let bob;
let eve;
before(async () => {
  natter = await start();
  [ada, bob, eve] = await User.circle(natter, 'Ada', 'Bob', 'Eve');
  await sync(natter, {
    tags: [
      { category: 'Study', tags: [{ tag: 'exams', label: 'Exams' }, { tag: 'lectures', label: 'Lectures & Summaries' }] },
      { category: 'Party', tags: [{ tag: 'pool', label: 'Pool' }] },
    ],
  });
});
after(() => natter.remove());

const STUDY_TAGS = [{ tag: 'exams', label: 'Exams' }, { tag: 'lectures', label: 'Lectures & Summaries' }];

test('a group chat has the creator as its admin', async () => {
  const chat = await ada.group([bob, eve], { category: 'Study', restricted: true });
  fields(chat, '_id', 'creator', 'isGroup', 'category', 'name', 'allowPublicPost', 'participants', 'restricted', 'tags',
    'createdAt', 'updatedAt');
  assert.match(chat._id, ID);
  assert.deepEqual([chat.creator, chat.isGroup, chat.category, chat.name], [ada.id, true, 'Study', 'Math 101']);
  assert.deepEqual([chat.allowPublicPost, chat.restricted, chat.tags], [true, true, STUDY_TAGS]);
  assert.match(chat.createdAt, TIME);
  const own = chat.participants.find(({ user }) => user === ada.id);
  fields(own, 'user', 'isAdmin', '_id', 'lastReadAt');
  assert.equal(own.isAdmin, true);
  const others = chat.participants.filter(({ user }) => user !== ada.id);
  assert.deepEqual(others.map(({ user }) => user).sort(), [bob.id, eve.id].sort());
  others.forEach((other) => fields(other, 'user', '_id', 'lastReadAt'));
});

test('courses are never restricted', async () => {
  const chat = await ada.group([bob], { category: 'Courses', restricted: true });
  assert.equal(chat.restricted, false);
  const { chat: changed } = await ada.ok('PUT', `/chats/${chat._id}`, form({ restricted: 'true' }));
  assert.equal(changed.restricted, false);
  const study = await ada.group([bob], { restricted: true });
  const { chat: moved } = await ada.ok('PUT', `/chats/${study._id}`, form({ category: 'Courses' }));
  assert.deepEqual([moved.category, moved.restricted], ['Courses', false]);
});

test('a chat of two needs an accepted connection of the two', async () => {
  const ids = { accepted: newId(), pending: newId(), foreign: newId() };
  await sync(natter, {
    meetMe: [
      { _id: ids.accepted, users: [ada.id, bob.id], status: 'accepted' },
      { _id: ids.pending, users: [ada.id, eve.id], status: 'pending' },
      { _id: ids.foreign, users: [bob.id, eve.id], status: 'accepted' },
    ],
  });
  const make = (body) => ada.call('POST', '/chats', body);
  refused(await make({ user: bob.id }), 400, 'meetMe');
  refused(await make({ user: ada.id, meetMe: ids.accepted }), 400, 'user');
  refused(await make({ user: eve.id, meetMe: ids.pending }), 400, 'meetMe');
  refused(await make({ user: bob.id, meetMe: ids.foreign }), 400, 'meetMe');
  refused(await make({ user: bob.id, meetMe: newId() }), 404);
  refused(await make({ user: newId(), meetMe: ids.accepted }), 404);
  refused(await make({ user: 'bob', meetMe: ids.accepted }), 400, 'user');
  refused(await make({ user: bob.id, meetMe: ids.accepted, name: 'Us' }), 400, 'name');
  refused(await make({ user: bob.id, meetMe: ids.accepted, socket: 'short' }), 400, 'socket');
  refused(await make({}), 400, 'user');
  const made = await make({ user: bob.id, meetMe: ids.accepted });
  assert.equal(made.status, 201, made.text);
  const again = await make({ user: bob.id, meetMe: ids.accepted });
  assert.equal(again.status, 200, again.text);
  assert.equal(again.body.chat._id, made.body.chat._id);
  const back = await bob.call('POST', '/chats', { user: ada.id, meetMe: ids.accepted });
  assert.deepEqual([back.status, back.body.chat._id], [200, made.body.chat._id]);
  assert.ok(!('isGroup' in made.body.chat) && !('restricted' in made.body.chat));
});

test('whoever has blocked is not met', async () => {
  const [one, other] = await User.circle(natter, 'One', 'Other');
  await sync(natter, { users: [{ _id: other.id, blocked: [one.id] }] });
  const meetMe = newId();
  await sync(natter, { meetMe: [{ _id: meetMe, users: [one.id, other.id], status: 'accepted' }] });
  refused(await one.call('POST', '/chats', { user: other.id, meetMe }), 403);
  refused(await other.call('POST', '/chats', { user: one.id, meetMe }), 403);
  await sync(natter, { users: [{ _id: other.id, blocked: [] }] });
  const { chat } = await one.ok('POST', '/chats', { user: other.id, meetMe }, 201);
  await one.say(chat, 'hello');
  await sync(natter, { users: [{ _id: one.id, blocked: [other.id] }] });
  refused(await one.call('POST', `/chats/${chat._id}/messages`, { text: 'again' }), 403);
});

test('a group needs a name, a category and participants', async () => {
  const sound = { isGroup: true, name: 'Group', category: 'Study', participants: [bob.id] };
  const make = (more) => ada.call('POST', '/chats', { ...sound, ...more });
  for (const field of ['name', 'category', 'participants']) refused(await make({ [field]: undefined }), 400, field);
  refused(await make({ name: '' }), 400, 'name');
  refused(await make({ name: 'x'.repeat(101) }), 400, 'name');
  refused(await make({ category: 'Cooking' }), 400, 'category');
  refused(await make({ participants: [] }), 400, 'participants');
  refused(await make({ participants: Array.from({ length: 501 }, newId) }), 400, 'participants');
  refused(await make({ participants: ['bob'] }), 400, 'participants');
  refused(await make({ user: bob.id }), 400, 'user');
  refused(await make({ socket: 'x'.repeat(26) }), 400, 'socket');
  refused(await make({ participants: [newId()] }), 404);
  const [stranger] = await User.circle(natter, 'Stranger');
  refused(await make({ participants: [bob.id, stranger.id] }), 403);
  await sync(natter, { meetMe: [{ _id: newId(), users: [stranger.id, ada.id], status: 'accepted' }] });
  assert.equal((await make({ participants: [bob.id, stranger.id] })).status, 201);
});

test('a repeat with the same key makes nothing', async () => {
  const body = { isGroup: true, name: 'Once', category: 'Study', participants: [bob.id] };
  const headers = { 'Idempotency-Key': newId() };
  const first = await ada.call('POST', '/chats', body, headers);
  const second = await ada.call('POST', '/chats', body, headers);
  assert.deepEqual([first.status, second.status, first.body], [201, 201, second.body]);
  refused(await ada.call('POST', '/chats', { ...body, name: 'Twice' }, headers), 422);
});

test('the list shows chats of two and groups as the document does', async () => {
  const [max, neha, tim] = await User.circle(natter, 'Max', 'Neha', 'Tim');
  const pair = await neha.pair(max);
  const group = await max.group([neha, tim], { name: 'Future Scientists' });
  await neha.say(pair, 'hello');
  const { chats, count } = await max.get('/chats');
  assert.deepEqual([count, chats.map(({ _id }) => _id)], [2, [pair._id, group._id]], 'the last changed one first');
  const [two, many] = chats;
  fields(two, '_id', 'creator', 'user', 'participants', 'createdAt', 'updatedAt', 'lastMessage', 'tags', 'name', 'photo',
    'unread', 'isJoined', 'participantsCount', 'category');
  assert.deepEqual([two.creator, two.user], [neha.profile, max.profile]);
  assert.deepEqual([two.name, two.photo, two.unread, two.participantsCount], ['Neha', neha.photo, 1, 2]);
  assert.deepEqual([two.category, two.tags, two.isJoined], ['Study', STUDY_TAGS, true]);
  assert.deepEqual(two.participants.map(({ isAdmin }) => isAdmin), [true, undefined]);
  fields(two.lastMessage, '_id', 'user', 'chat', 'text', 'files', 'at', 'seq');
  assert.deepEqual([two.lastMessage.user, two.lastMessage.text, two.lastMessage.seq], [neha.profile, 'hello', 1]);
  fields(many, '_id', 'creator', 'isGroup', 'name', 'category', 'allowPublicPost', 'restricted', 'participants', 'createdAt',
    'updatedAt', 'lastMessage', 'tags', 'unread', 'isJoined', 'areYouAdmin', 'participantsCount');
  assert.deepEqual([many.lastMessage, many.areYouAdmin, many.participantsCount], [null, true, 3]);
  const { chat: one } = await max.get(`/chats/${pair._id}`);
  assert.deepEqual([one.name, one.lastMessage.text, one.unread], ['Neha', 'hello', 1]);
  const { chat: hers } = await neha.get(`/chats/${pair._id}`);
  assert.deepEqual([hers.name, hers.unread, hers.areYouAdmin, hers.user], ['Max', 0, true, max.profile]);
});

test('the list is filtered and paged', async () => {
  const [kim, lee] = await User.circle(natter, 'Kim', 'Lee');
  await kim.pair(lee);
  for (const name of ['Alpha', 'Beta', 'Alphabet']) await kim.group([lee], { name });
  const names = async (query) => (await kim.get(`/chats?${query}`)).chats.map(({ name }) => name);
  assert.deepEqual(await names('group=false'), ['Lee']);
  assert.deepEqual(await names('group=true'), ['Alphabet', 'Beta', 'Alpha']);
  assert.deepEqual(await names('group=false&meetMeOnly=true'), ['Lee']);
  assert.deepEqual(await names('search=alpha'), ['Alphabet', 'Alpha']);
  assert.deepEqual(await names('search=lee'), ['Lee']);
  const page = await kim.get('/chats?limit=2&page=2');
  assert.deepEqual([page.count, page.chats.map(({ name }) => name)], [4, ['Alpha', 'Lee']]);
  assert.equal((await kim.get('/chats?limit=100000')).count, 4);
  for (const query of ['limit=0', 'page=0', 'limit=x', 'page=-1', 'group=maybe', 'meetMeOnly=2']) {
    refused(await kim.call('GET', `/chats?${query}`), 400);
  }
});

test('chats are for their participants', async () => {
  const chat = await ada.group([bob]);
  refused(await eve.call('GET', `/chats/${chat._id}`), 403);
  refused(await eve.call('GET', `/chats/${chat._id}/files`), 403);
  refused(await eve.call('GET', `/chats/${chat._id}/messages`), 403);
  refused(await eve.call('POST', `/chats/${chat._id}/read`), 403);
  refused(await ada.call('GET', `/chats/${newId()}`), 404);
  refused(await ada.call('GET', '/chats/none'), 400);
  refused(await User.stranger(natter).call('GET', `/chats/${chat._id}`), 404, 'not found');
});

test('an admin changes a group and its picture', async () => {
  const chat = await ada.group([bob]);
  const path = `/chats/${chat._id}`;
  const { chat: changed } = await ada.ok('PUT', path,
    form({ name: 'Physics', category: 'Party', restricted: 'true', allowPublicPost: 'false' }, { photo: [PNG, 'a.png'] }));
  assert.deepEqual([changed.name, changed.category, changed.restricted, changed.allowPublicPost, changed.tags],
    ['Physics', 'Party', true, false, [{ tag: 'pool', label: 'Pool' }]]);
  assert.deepEqual([changed.creator, changed.participants[0].user], [ada.profile, ada.id]);
  assert.equal((await fetch(changed.photo)).status, 200);
  const { chat: again } = await ada.ok('PUT', path, form({}, { photo: [PNG, 'b.png'] }));
  assert.deepEqual([again.name, again.allowPublicPost], ['Physics', false]);
  assert.equal((await fetch(changed.photo)).status, 404, 'the former picture is gone');
  refused(await ada.call('PUT', path, form({}, { photo: ['no picture', 'a.png'] })), 400, 'photo');
  refused(await ada.call('PUT', path, form({}, { photo: [Buffer.alloc(10 * 1024 * 1024 + 1), 'a.png'] })), 413);
  refused(await ada.call('PUT', path, form({ name: '' })), 400, 'name');
  refused(await ada.call('PUT', path, form({ category: 'Cooking' })), 400, 'category');
  refused(await ada.call('PUT', path, form({ restricted: 'maybe' })), 400, 'restricted');
  refused(await bob.call('PUT', path, form({ name: 'Mine' })), 403);
  refused(await eve.call('PUT', path, form({ name: 'Mine' })), 403);
  refused(await ada.call('PUT', `/chats/${(await ada.pair(eve, 201))._id}`, form({ name: 'Us' })), 400);
});

test('a deleted chat takes everything with it', async () => {
  const chat = await ada.group([bob]);
  const path = `/chats/${chat._id}`;
  const event = newId();
  await sync(natter, { events: [{ _id: event, chat: chat._id, creator: ada.id, name: 'Party', active: true }] });
  const { chat: shown } = await ada.ok('PUT', path, form({}, { photo: [PNG, 'a.png'] }));
  assert.equal(shown.event, event);
  const { message } = await bob.ok('POST', `${path}/messages`, form({ text: 'look' }, { files: [PNG, 'b.png'] }), 201);
  refused(await bob.call('DELETE', path), 403);
  refused(await ada.call('DELETE', path, { socket: 'x' }), 400, 'socket');
  assert.deepEqual(await ada.ok('DELETE', path), { success: true });
  for (const [method, rest] of [['GET', ''], ['GET', '/files'], ['GET', '/messages'], ['POST', '/read'], ['POST', '/participants'], ['DELETE', '']]) {
    refused(await ada.call(method, path + rest), 404, 'not found');
  }
  assert.equal((await fetch(shown.photo)).status, 404);
  assert.equal((await fetch(message.files[0].url)).status, 404);
  const [one, other] = await User.circle(natter, 'One', 'Other');
  refused(await one.call('DELETE', `/chats/${(await one.pair(other))._id}`), 400);
});
