// The Chatify document from beginning to end, over a real node.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ask, fails, ID, PASSWORD, Person, start, succeeds, TIME } from './support.js';

let natter;
before(async () => { natter = await start(); });
after(() => natter.remove());

test('an account is made, signs in, refreshes and signs out', async () => {
  const body = { name: 'John Doe', email: 'John@Example.com', password: PASSWORD };
  const made = succeeds(await ask(natter, 'POST', '/auth/register', { body }), 201);
  assert.deepEqual(Object.keys(made).sort(), ['refreshToken', 'token', 'user']);
  assert.deepEqual(made.user, { _id: made.user._id, name: 'John Doe', email: 'John@Example.com' });
  assert.match(made.user._id, ID);
  fails(await ask(natter, 'POST', '/auth/register', { body: { ...body, email: 'john@EXAMPLE.com' } }), 409);
  const login = await ask(natter, 'POST', '/auth/login', { body: { email: 'john@example.com', password: PASSWORD } });
  const { token, user } = succeeds(login, 200);
  assert.deepEqual(user, made.user);
  const [cookie] = login.headers.getSetCookie();
  assert.match(cookie, /^refreshToken=.+; HttpOnly; SameSite=Strict$/);
  assert.deepEqual(succeeds(await ask(natter, 'GET', '/user/getme', { token }), 200), { user });
  const byCookie = await ask(natter, 'POST', '/auth/refreshtoken', { headers: { Cookie: cookie.split(';')[0] } });
  const renewed = succeeds(byCookie, 200);
  assert.deepEqual(Object.keys(renewed).sort(), ['refreshToken', 'token']);
  succeeds(await ask(natter, 'POST', '/auth/logout', { token: renewed.token }), 200);
  fails(await ask(natter, 'GET', '/user/getme', { token: renewed.token }), 401);
  fails(await ask(natter, 'GET', '/user/getme', { token }), 401);
  succeeds(await ask(natter, 'GET', '/user/getme', { token: made.token }), 200);
  const form = new URLSearchParams({ email: 'john@example.com', password: PASSWORD });
  succeeds(await ask(natter, 'POST', '/auth/login', { body: form }), 200);
  fails(await ask(natter, 'POST', '/auth/refreshtoken', { body: {} }), 400);
});

test('two talk, with files that can be fetched', async () => {
  const [ada, bob] = [await Person.register(natter, 'Ada'), await Person.register(natter, 'Bob')];
  const found = await ada.get(`/user?keyword=${encodeURIComponent(bob.email.toUpperCase())}`);
  assert.deepEqual(found.users, [{ _id: bob.id, name: 'Bob', email: bob.email }]);
  const conversation = await ada.talkTo(bob);
  assert.deepEqual(conversation.participants, [ada.id, bob.id]);
  assert.deepEqual(await bob.talkTo(ada), conversation);
  const sent = await ada.say(conversation._id, 'Hello!');
  assert.match(sent.createdAt, TIME);
  assert.deepEqual(sent, {
    _id: sent._id, conversation: conversation._id, sender: ada.id, content: 'Hello!', files: [],
    createdAt: sent.createdAt, seq: 1,
  });
  const form = new FormData();
  form.set('convo_id', conversation._id);
  form.append('files', new Blob(['one']), 'one.txt');
  form.append('files', new Blob(['<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>']), 'two.svg');
  const withFiles = succeeds(await bob.call('POST', '/message', form), 201).message;
  assert.equal(withFiles.files.length, 2);
  const [one, two] = await Promise.all(withFiles.files.map((url) => fetch(url)));
  assert.equal(await one.text(), 'one');
  assert.equal(two.headers.get('x-content-type-options'), 'nosniff');
  assert.match(two.headers.get('content-disposition'), /^attachment/);
  await two.arrayBuffer();
  const { conversations } = await ada.get('/conversation');
  assert.deepEqual(conversations.map((each) => [each._id, each.lastMessage, each.unread]), [
    [conversation._id, 'one.txt', 1],
  ]);
  const { messages } = await ada.get(`/message/${conversation._id}`);
  assert.deepEqual(messages.map((each) => [each.seq, each.sender, each.content]), [
    [1, { _id: ada.id, name: 'Ada' }, 'Hello!'],
    [2, { _id: bob.id, name: 'Bob' }, ''],
  ]);
  assert.deepEqual(messages[1].files, withFiles.files);
  assert.equal((await ada.get('/conversation')).conversations[0].unread, 0);
  succeeds(await ada.call('PUT', `/message/${sent._id}`, { message: 'Hello, Bob!' }), 200);
  fails(await bob.call('DELETE', `/message/${sent._id}`), 403);
  succeeds(await bob.call('DELETE', `/message/${withFiles._id}`), 200);
  assert.equal((await bob.get('/conversation')).conversations[0].lastMessage, 'Hello, Bob!');
  const eve = await Person.register(natter, 'Eve');
  fails(await eve.call('GET', `/message/${conversation._id}`), 403);
  fails(await eve.call('POST', '/message', { convo_id: conversation._id, message: 'x' }), 403);
});

test('a repeat with an Idempotency-Key changes nothing', async () => {
  const [ada, bob] = [await Person.register(natter, 'Ada'), await Person.register(natter, 'Bob')];
  const { _id } = await ada.talkTo(bob);
  const send = (message) => ada.call('POST', '/message', { convo_id: _id, message }, { 'Idempotency-Key': 'k' });
  const [first, second] = await Promise.all([send('once'), send('once')]);
  assert.deepEqual(succeeds(first, 201), succeeds(second, 201));
  fails(await send('twice'), 422);
  assert.equal((await ada.get(`/message/${_id}`)).messages.length, 1);
});

test('everything that is wrong has one shape', async () => {
  const ada = await Person.register(natter);
  fails(await ada.call('GET', '/nothing'), 404);
  fails(await ada.call('DELETE', '/conversation'), 405);
  fails(await ada.call('POST', '/message', '{'), 400);
  fails(await ada.call('POST', '/message', 'x', { 'Content-Type': 'text/plain' }), 415);
  fails(await ada.call('POST', '/message', JSON.stringify({ message: 'x'.repeat(2 ** 21) })), 413);
  fails(await ask(natter, 'GET', '/user/getme'), 401);
});
