// The document from its beginning to its end: companies, chats, users, messages, and who may do what.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import {
  ADA, BOB, call, chatSdk, code, enter, mails, newChat, ok, refused, startConnectNow, uuid,
} from './support.js';

const ID = /^[0-9a-f]{24}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const NOWHERE = 'aaaaaaaaaaaaaaaaaaaaaaaa';

describe('Connect Now', () => {
  let natter;
  before(async () => { natter = await startConnectNow(); });
  after(() => natter.remove());

  const keys = (object) => Object.keys(object).sort();

  test('a token is taken from the header, the query and any form of body', async () => {
    const user = await ok(natter, 'GET', '/api/user', ADA);
    assert.deepEqual(user, { id: user.id, name: 'Ada', email: 'ada@example.com' });
    assert.match(user.id, ID);
    const asQuery = await call(natter, 'GET', `/api/user?api_token=${ADA}`);
    assert.deepEqual(asQuery.body.data, user);
    const form = new FormData();
    form.append('api_token', ADA);
    form.append('name', 'Multipart');
    for (const body of [{ api_token: ADA, name: 'JSON' }, new URLSearchParams({ api_token: ADA, name: 'Form' }), form]) {
      const made = await call(natter, 'POST', '/api/companies', { body });
      assert.equal(made.status, 201, made.text);
      assert.deepEqual(keys(made.body.data), ['created_at', 'id', 'name', 'updated_at', 'website']);
    }
    for (const path of ['/api/user', '/api/chat-user', '/api/companies', '/api/chats']) {
      refused(await call(natter, 'GET', path), 401);
      refused(await call(natter, 'GET', path, { token: 'nonsense' }), 401);
    }
    refused(await call(natter, 'GET', '/api/chat-user', { token: ADA }), 401);
    refused(await call(natter, 'POST', '/api/companies', { body: '{', headers: { 'Content-Type': 'application/json' } }), 401);
  });

  test('companies are made, listed, changed and deleted, each by their owner', async () => {
    const company = await ok(natter, 'POST', '/api/companies', ADA, { name: 'Globex', website: 'https://globex.example' });
    assert.match(company.id, ID);
    assert.match(company.created_at, TIME);
    const path = `/api/companies/${company.id}`;
    assert.deepEqual(await ok(natter, 'GET', path, ADA), company);
    const changed = await ok(natter, 'PUT', path, ADA, { name: 'Globex 2' });
    assert.deepEqual([changed.name, changed.website], ['Globex 2', company.website]);
    assert.equal((await ok(natter, 'PUT', path, ADA, { website: null })).website, null);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      refused(await call(natter, method, path, { token: BOB }), 404);
      refused(await call(natter, method, '/api/companies/1', { token: ADA }), 404);
    }
    refused(await call(natter, 'POST', '/api/companies', { token: ADA, body: {} }), 422, 'name');
    refused(await call(natter, 'PUT', path, { token: ADA, body: { name: '' } }), 422, 'name');
    refused(await call(natter, 'POST', '/api/companies', { token: ADA, body: { name: 'x'.repeat(256) } }), 422, 'name');
    await ok(natter, 'DELETE', path, ADA);
    refused(await call(natter, 'GET', path, { token: ADA }), 404);
  });

  test('lists have pages with links', async () => {
    for (const name of ['One', 'Two', 'Three']) await ok(natter, 'POST', '/api/companies', BOB, { name });
    const { body } = await call(natter, 'GET', '/api/companies?per_page=2', { token: BOB });
    const url = `${natter.base}/api/companies`;
    assert.deepEqual(body.data.map(({ name }) => name), ['One', 'Two']);
    assert.deepEqual(body.meta, { current_page: 1, last_page: 2, per_page: 2, total: 3 });
    assert.deepEqual(body.links, {
      first: `${url}?page=1&per_page=2`, last: `${url}?page=2&per_page=2`, prev: null, next: `${url}?page=2&per_page=2`,
    });
    const next = await (await fetch(body.links.next, { headers: { Authorization: `Bearer ${BOB}` } })).json();
    assert.deepEqual([next.data.map(({ name }) => name), next.links.next], [['Three'], null]);
    const whole = await call(natter, 'GET', '/api/companies?per_page=1000', { token: BOB });
    assert.equal(whole.body.meta.per_page, 100);
    refused(await call(natter, 'GET', '/api/companies?page=0', { token: BOB }), 422, 'page');
    refused(await call(natter, 'GET', '/api/companies?per_page=many', { token: BOB }), 422, 'per_page');
  });

  test('a chat belongs to a company of the caller', async () => {
    const chat = await newChat(natter, 'Questions');
    assert.deepEqual(keys(chat), ['company_id', 'created_at', 'id', 'last_message', 'messages_count', 'name', 'open', 'updated_at', 'users_count']);
    assert.deepEqual([chat.open, chat.users_count, chat.messages_count, chat.last_message], [true, 0, 0, null]);
    refused(await call(natter, 'POST', '/api/chats', { token: BOB, body: { company_id: chat.company_id, name: 'x' } }), 422, 'company_id');
    refused(await call(natter, 'POST', '/api/chats', { token: ADA, body: { company_id: 'x', open: 'maybe' } }), 422, 'company_id', 'name', 'open');
    const long = 'ü'.repeat(255);
    assert.equal((await ok(natter, 'PUT', `/api/chats/${chat.id}`, ADA, { name: long })).name, long);
    assert.equal((await ok(natter, 'PUT', `/api/chats/${chat.id}`, ADA, { open: false })).name, long);
    refused(await call(natter, 'GET', `/api/chats/${chat.id}`, { token: BOB }), 404);
    const { body } = await call(natter, 'GET', '/api/chats', { token: ADA });
    assert.equal(body.data.at(-1).id, chat.id);
    await ok(natter, 'DELETE', `/api/companies/${chat.company_id}`, ADA);
    refused(await call(natter, 'GET', `/api/chats/${chat.id}`, { token: ADA }), 404);
    assert.ok(!(await call(natter, 'GET', '/api/chats?per_page=100', { token: ADA })).body.data.some(({ id }) => id === chat.id));
  });

  test('chat users have an address each, and tokens of their own', async () => {
    const chat = await newChat(natter);
    const path = `/api/chats/${chat.id}/users`;
    const ann = await enter(natter, chat, 'ann@example.com', 'Ann');
    assert.match(ann.token, /^[A-Za-z0-9]{60}$/);
    assert.ok(Math.abs(new Date(ann.expiresAt) - Date.now() - 30 * 86_400_000) < 60_000);
    const own = await ok(natter, 'GET', '/api/chat-user', ann.token);
    assert.deepEqual(keys(own), ['chat', 'chat_id', 'created_at', 'email', 'id', 'last_read_message_id', 'name', 'online', 'realtime_channel', 'updated_at']);
    assert.deepEqual([own.id, own.email, own.name, own.chat_id, own.chat.id, own.chat.users_count], [ann.id, 'ann@example.com', 'Ann', chat.id, chat.id, 1]);
    refused(await call(natter, 'POST', path, { token: ADA, body: { email: 'ANN@example.com' } }), 422, 'email');
    refused(await call(natter, 'POST', path, { token: ADA, body: { email: 'nobody' } }), 422, 'email');
    refused(await call(natter, 'POST', path, { token: ADA, body: {} }), 422, 'email');
    const ben = await enter(natter, chat, 'ben@example.com');
    assert.equal(ben.name, 'ben');
    for (const token of [ADA, ann.token]) {
      const { body } = await call(natter, 'GET', path, { token });
      assert.deepEqual(body.data.map(({ email }) => email), ['ann@example.com', 'ben@example.com']);
      assert.equal((await ok(natter, 'GET', `${path}/${ben.id}`, token)).id, ben.id);
      refused(await call(natter, 'GET', `${path}/${NOWHERE}`, { token }), 404);
    }
    assert.equal((await ok(natter, 'PUT', `${path}/${ben.id}`, ADA, { name: 'Benjamin' })).name, 'Benjamin');
    assert.equal((await ok(natter, 'PUT', `${path}/${ben.id}`, ADA, { email: 'benjamin@example.com' })).email, 'benjamin@example.com');
    refused(await call(natter, 'PUT', `${path}/${ben.id}`, { token: ADA, body: { email: 'ann@example.com' } }), 422, 'email');
    refused(await call(natter, 'PUT', `${path}/${ben.id}`, { token: ann.token, body: { name: 'x' } }), 401);
    await ok(natter, 'DELETE', `${path}/${ben.id}`, ADA);
    refused(await call(natter, 'GET', '/api/chat-user', { token: ben.token }), 401);
    refused(await call(natter, 'GET', `${path}/${ben.id}`, { token: ADA }), 404);
    assert.equal((await ok(natter, 'POST', path, ADA, { email: 'benjamin@example.com' })).name, 'benjamin');
  });

  test('a chat-user token opens one chat and nothing else', async () => {
    const [chat, other] = [await newChat(natter), await newChat(natter)];
    const ann = await enter(natter, chat, 'ann@example.com');
    for (const path of ['/users', '/messages']) {
      refused(await call(natter, 'GET', `/api/chats/${other.id}${path}`, { token: ann.token }), 403);
      refused(await call(natter, 'GET', `/api/chats/${NOWHERE}${path}`, { token: ann.token }), 404);
      refused(await call(natter, 'GET', `/api/chats/${chat.id}${path}`, { token: BOB }), 404);
      refused(await call(natter, 'GET', `/api/chats/${chat.id}${path}`), 401);
    }
    for (const path of ['/api/user', '/api/companies', '/api/chats', `/api/chats/${chat.id}`]) {
      refused(await call(natter, 'GET', path, { token: ann.token }), 401);
    }
    const send = (id, token) => call(natter, 'POST', `/api/chats/${id}/messages`, { token, body: { message: 'x' } });
    refused(await send(other.id, ann.token), 403);
    refused(await send(chat.id, ADA), 403);
    refused(await send(chat.id, BOB), 404);
    refused(await send(chat.id), 401);
    const query = await call(natter, 'GET', `/api/chat-user?chat_user_token=${ann.token}`);
    assert.equal(query.body.data.id, ann.id);
    const inBody = await call(natter, 'POST', `/api/chats/${chat.id}/messages`, { body: new URLSearchParams({ chat_user_token: ann.token, message: 'from a form' }) });
    assert.equal(inBody.body.data.message, 'from a form');
  });

  test('messages are sent, listed, changed and deleted', async () => {
    const chat = await newChat(natter);
    const path = `/api/chats/${chat.id}/messages`;
    const [ann, ben] = [await enter(natter, chat, 'ann@example.com', 'Ann'), await enter(natter, chat, 'ben@example.com')];
    const sent = [];
    for (let number = 1; number <= 7; number += 1) sent.push(await ok(natter, 'POST', path, ann.token, { message: `Number ${number}` }));
    const [first, second] = sent;
    assert.deepEqual(keys(first), ['chat_id', 'chat_user', 'chat_user_id', 'created_at', 'edited', 'id', 'message', 'seq', 'updated_at']);
    assert.deepEqual([first.chat_user, first.chat_user_id, first.seq, first.edited], [{ id: ann.id, name: 'Ann' }, ann.id, 1, false]);
    assert.deepEqual(await ok(natter, 'GET', `${path}/${first.id}`, ADA), first);
    refused(await call(natter, 'PUT', `${path}/${first.id}`, { token: ben.token, body: { message: 'x' } }), 403);
    refused(await call(natter, 'DELETE', `${path}/${first.id}`, { token: ben.token }), 403);
    for (const [token, text] of [[ann.token, 'Corrected'], [ADA, 'Corrected again']]) {
      const edited = await ok(natter, 'PUT', `${path}/${first.id}`, token, { message: text });
      assert.deepEqual([edited.message, edited.edited, edited.chat_user_id], [text, true, ann.id]);
    }
    for (const message of ['', '  ', 'x'.repeat(5001), 7]) {
      refused(await call(natter, 'POST', path, { token: ann.token, body: { message } }), 422, 'message');
    }
    await ok(natter, 'DELETE', `${path}/${second.id}`, ADA);
    await ok(natter, 'DELETE', `${path}/${sent[4].id}`, ann.token);
    refused(await call(natter, 'GET', `${path}/${second.id}`, { token: ADA }), 404);
    const seqs = async (query) => {
      const { body } = await call(natter, 'GET', `${path}?${query}`, { token: ben.token });
      return [body.data.map(({ seq }) => seq), body.meta.total, body.meta.last_page];
    };
    assert.deepEqual(await seqs(''), [[1, 3, 4, 6, 7], 5, 1]);
    assert.deepEqual(await seqs('per_page=2&page=1'), [[1, 3], 5, 3]);
    assert.deepEqual(await seqs('per_page=2&page=2'), [[4, 6], 5, 3]);
    assert.deepEqual(await seqs('per_page=2&page=3'), [[7], 5, 3]);
    assert.deepEqual((await seqs('per_page=2&page=4'))[0], []);
    assert.deepEqual((await seqs(`after=${sent[2].id}`))[0], [4, 6, 7]);
    assert.deepEqual((await seqs(`before=${sent[5].id}&per_page=2`))[0], [3, 4]);
    const beside = await call(natter, 'GET', `${path}?after=${first.id}&per_page=2`, { token: ADA });
    assert.equal(beside.body.links.next, `${natter.base}${path}?after=${sent[3].id}&per_page=2`);
    refused(await call(natter, 'GET', `${path}?after=x`, { token: ADA }), 422, 'after');
    const shown = await ok(natter, 'GET', `/api/chats/${chat.id}`, ADA);
    assert.deepEqual([shown.messages_count, shown.last_message.id, shown.users_count], [5, sent[6].id, 2]);
    const read = await ok(natter, 'POST', `/api/chats/${chat.id}/read`, ben.token, { message_id: sent[3].id }, 200);
    assert.equal(read.last_read_message_id, sent[3].id);
    refused(await call(natter, 'POST', `/api/chats/${chat.id}/read`, { token: ben.token, body: { message_id: NOWHERE } }), 422, 'message_id');
    await ok(natter, 'PUT', `/api/chats/${chat.id}`, ADA, { open: false });
    refused(await call(natter, 'POST', path, { token: ann.token, body: { message: 'x' } }), 403);
  });

  test('a repeat of a call with the same key creates nothing', async () => {
    const chat = await newChat(natter);
    const ann = await enter(natter, chat, 'ann@example.com');
    const path = `/api/chats/${chat.id}/messages`;
    const send = (message, key) => call(natter, 'POST', path, { token: ann.token, body: { message }, headers: { 'Idempotency-Key': key } });
    const [one, two] = [await send('once', 'k'), await send('once', 'k')];
    assert.deepEqual([one.status, two.status, two.body], [201, 201, one.body]);
    refused(await send('twice', 'k'), 422, 'Idempotency-Key');
    assert.equal((await call(natter, 'GET', path, { token: ADA })).body.meta.total, 1);
  });

  test('what happens in ChatSDK happens here, and the other way round', async () => {
    const chat = await newChat(natter, 'Both');
    const ann = await enter(natter, chat, 'ann@example.com', 'Ann');
    const ada = await ok(natter, 'GET', '/api/user', ADA);
    const path = `/api/chats/${chat.id}/messages`;
    const hers = await ok(natter, 'POST', path, ann.token, { message: 'from Connect Now' });
    const sdk = (...request) => chatSdk(natter, ...request);
    const channel = `/api/channels/${uuid(chat.id)}`;
    await sdk('carl', 'GET', '/api/channels');
    await sdk(ada.id, 'POST', `${channel}/members`, { userIds: ['carl'] });
    const seen = await sdk('carl', 'GET', `${channel}/messages`);
    assert.ok(JSON.stringify(seen).includes('from Connect Now') && JSON.stringify(seen).includes(uuid(hers.id)));
    await sdk('carl', 'POST', `${channel}/messages`, { text: 'from ChatSDK' });
    const { body } = await call(natter, 'GET', path, { token: ann.token });
    assert.deepEqual(body.data.map(({ message, seq }) => [message, seq]), [['from Connect Now', 1], ['from ChatSDK', 2]]);
    const users = (await call(natter, 'GET', `/api/chats/${chat.id}/users`, { token: ann.token })).body.data;
    assert.deepEqual(users.map(({ name, email }) => [name, email]), [['Ann', 'ann@example.com'], ['carl', null]]);
    assert.equal(body.data[1].chat_user_id, users[1].id);
    refused(await call(natter, 'PUT', `/api/chats/${chat.id}/users/${users[1].id}`, { token: ADA, body: { name: 'x' } }), 403);
    await sdk(ada.id, 'DELETE', `${channel}/members/${ann.id}`);
    refused(await call(natter, 'GET', '/api/chat-user', { token: ann.token }), 401);
  });

  test('paths and methods that are none are answered in the document\'s words', async () => {
    refused(await call(natter, 'GET', '/api/companies/x/y', { token: ADA }), 404);
    refused(await call(natter, 'GET', '/chats/x/users/nothing'), 404);
    assert.equal((await call(natter, 'PATCH', '/api/companies', { token: ADA })).status, 405);
    const xml = await call(natter, 'POST', '/api/companies', { token: ADA, body: '<a/>', headers: { 'Content-Type': 'text/xml' } });
    assert.equal(xml.status, 415);
    const broken = await call(natter, 'POST', '/api/companies', { token: ADA, body: '{', headers: { 'Content-Type': 'application/json' } });
    assert.equal(broken.status, 400);
    const page = await call(natter, 'GET', `/join/${NOWHERE}`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'/);
    refused(await call(natter, 'GET', '/join/nothing'), 404);
  });

  test('everything is still there after a crash', async () => {
    const chat = await newChat(natter, 'Lasting');
    const ann = await enter(natter, chat, 'ann@example.com');
    const sent = await ok(natter, 'POST', `/api/chats/${chat.id}/messages`, ann.token, { message: 'durable' });
    await natter.crash();
    await natter.launch();
    assert.equal((await ok(natter, 'GET', '/api/chat-user', ann.token)).chat.last_message.id, sent.id);
    assert.equal((await ok(natter, 'GET', `/api/chats/${chat.id}`, ADA)).users_count, 1);
    const before = (await mails(natter, 'ann@example.com')).length;
    await ok(natter, 'POST', `/api/chats/${chat.id}/users/send-code`, undefined, { email: 'ann@example.com' }, 202);
    await code(natter, 'ann@example.com', before + 1);
  });
});
