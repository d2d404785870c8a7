// What the tenant's backend tells, and who may call.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { inSeconds, token } from '../support/token.js';
import { User, call, newId, refused, start, sync } from './support.js';

let natter;
before(async () => { natter = await start(); });
after(() => natter.remove());

const put = (body, headers = { 'X-API-Key': 'demo-api-key' }) => call(natter, 'PUT', '/chats-sync', { body, headers });

test('entries are counted, and telling them again changes nothing', async () => {
  const [ada, bob] = [newId(), newId()];
  const lists = {
    users: [{ _id: ada, name: 'Ada', username: 'ada_1', following: [bob] }, { _id: bob, name: 'Bob', username: 'bob_1' }],
    meetMe: [{ _id: newId(), users: [ada, bob], status: 'pending' }],
    events: [{ _id: newId(), creator: ada, name: 'Party', startsAt: '2025-01-01T00:00:00Z', endsAt: '2025-01-02T00:00:00Z', active: true }],
    reels: [{ _id: newId(), user: ada, chat: newId(), description: '', tag: 'Party', video: 'https://x.example/a.mp4', hashtags: [], isAnonymous: false, views: 0, likes: 0, superLikes: 0, shares: 0, comments: 0 }],
    tags: [{ category: 'Study', tags: [{ tag: 'exams', label: 'Exams' }] }],
  };
  const counts = { users: 2, meetMe: 1, events: 1, reels: 1, tags: 1 };
  assert.deepEqual(await sync(natter, lists), counts);
  assert.deepEqual(await sync(natter, lists), counts);
  const gone = { users: [bob], meetMe: [lists.meetMe[0]._id], events: [], reels: [lists.reels[0]._id], tags: ['Study'] };
  const deleted = { users: 1, meetMe: 1, events: 0, reels: 1, tags: 1 };
  const nothing = { users: 0, meetMe: 0, events: 0, reels: 0, tags: 0 };
  assert.deepEqual(await sync(natter, { delete: gone }), { ...nothing, deleted });
});

test('users are users of the domain', async () => {
  const [ada] = await User.circle(natter, 'Ada');
  const headers = { 'X-API-Key': 'demo-api-key' };
  const seen = await call(natter, 'GET', `/api/users/${ada.id}`, { headers });
  assert.deepEqual([seen.body.name, seen.body.image], ['Ada', ada.photo]);
  await sync(natter, { users: [{ _id: ada.id, name: 'Ada L.', photo: null }] });
  const chat = await ada.group([(await User.circle(natter, 'Bob'))[0]].map((bob) => bob)).catch((error) => error);
  assert.match(chat.message, /403/, 'whoever is not followed cannot be drawn into a group');
  const again = await call(natter, 'GET', `/api/users/${ada.id}`, { headers });
  assert.deepEqual([again.body.name, again.body.image, again.body.custom.username], ['Ada L.', null, 'Ada_1']);
});

test('wrong values and too many entries are refused', async () => {
  refused(await put({ users: [{ _id: 'ada' }] }), 400, 'users[0]._id');
  refused(await put({ meetMe: [{ _id: newId(), users: [newId()], status: 'accepted' }] }), 400, 'meetMe[0].users');
  refused(await put({ meetMe: [{ _id: newId(), users: [newId(), newId()], status: 'maybe' }] }), 400, 'meetMe[0].status');
  refused(await put({ events: [{ _id: newId(), startsAt: 'soon' }] }), 400, 'events[0].startsAt');
  refused(await put({ reels: [{ _id: newId(), chat: newId() }] }), 400, 'reels[0].user');
  refused(await put({ friends: [] }), 400, 'friends');
  refused(await put('[]'), 400);
  refused(await put('{'), 400);
  const users = Array.from({ length: 10_001 }, () => ({ _id: newId() }));
  refused(await put({ users }), 413);
  assert.equal((await put({ delete: { reels: users.slice(1).map(({ _id }) => _id) } })).status, 200);
});

test('the backend has a key, users have tokens', async () => {
  refused(await put({}, {}), 401);
  refused(await put({}, { 'X-API-Key': 'unknown' }), 401);
  const [ada] = await User.circle(natter, 'Ada');
  refused(await call(natter, 'PUT', '/chats-sync', { bearer: ada.bearer, body: {} }), 401);
  refused(await call(natter, 'GET', '/chats', { headers: { 'X-API-Key': 'demo-api-key' } }), 401);
  for (const bearer of ['no.token.this', token({ sub: ada.id, exp: inSeconds(-60) }), token({ sub: ada.id, aud: 'nobody' })]) {
    refused(await call(natter, 'GET', '/chats', { bearer }), 401);
  }
  assert.equal((await call(natter, 'GET', '/chats', { bearer: ada.bearer })).status, 200);
});

test('unknown routes and methods are told in the document\'s shape', async () => {
  const [ada] = await User.circle(natter, 'Ada');
  refused(await ada.call('GET', '/chats/a/b/c/d'), 404);
  refused(await ada.call('PATCH', '/chats', {}), 405);
  refused(await ada.call('POST', '/chats', 'a=b', { 'Content-Type': 'text/plain' }), 415);
});
