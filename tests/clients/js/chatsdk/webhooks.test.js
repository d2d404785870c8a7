// A tenant's server is told what happens: signed, in order, again until it answers, until it is removed, after a crash.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Endpoint, REACHABLE, signed } from '../support/endpoint.js';
import { pause } from '../support/natter.js';
import { call, fields, refused, start, TIME, User } from './support/sdk.js';

let natter;
let endpoint;
let alice;
before(async () => {
  endpoint = await Endpoint.start();
  natter = await start(REACHABLE);
  [alice] = await Promise.all(['alice', 'bob', 'carol'].map((id) => User.sign(natter, id, { name: id })));
});
after(async () => {
  await natter.remove();
  await endpoint.stop();
});

const put = (body, more = {}) => call(natter, 'PUT', '/api/webhooks', { body, ...more });

/** Sets the webhook, with nothing told yet. Answers with the secret. */
async function told() {
  endpoint.status = 200;
  const { status, body, text } = await put({ url: endpoint.url });
  assert.equal(status, 200, text);
  assert.equal(body.url, endpoint.url);
  Object.assign(endpoint, { told: [], tries: [] });
  return body.secret;
}

test('an endpoint is https and public, or allowed', async () => {
  refused(await put({ url: 'http://127.0.0.1/hook' }), 400, 'VALIDATION_ERROR', 'url');
  refused(await put({ url: 'nonsense' }), 400, 'VALIDATION_ERROR', 'url');
  refused(await put({}), 400, 'VALIDATION_ERROR', 'url');
  for (const host of ['127.0.0.2', '10.0.0.1', '192.168.1.1', '169.254.169.254', '[::1]', '2130706434']) {
    refused(await put({ url: `https://${host}/hook` }), 400, 'VALIDATION_ERROR', 'url');
  }
  refused(await put({ url: endpoint.url, secret: '' }), 400, 'VALIDATION_ERROR', 'secret');
  refused(await put({ url: endpoint.url }, { key: null }), 401, 'UNAUTHORIZED');
  const { body: { secret } } = await put({ url: endpoint.url });
  assert.match(secret, /^[A-Za-z0-9]{48}$/);
  assert.equal((await put({ url: endpoint.url })).body.secret, secret);
  assert.equal((await put({ url: endpoint.url, secret: 'of our own' })).body.secret, 'of our own');
  assert.deepEqual((await put({ url: '' })).body, { url: null, secret: null });
});

test('what happens is told in order, and signed', async () => {
  const secret = await told();
  const channel = await alice.group('Told', ['bob']);
  const message = await alice.say(channel.id, 'one');
  await alice.ok('PATCH', `/api/channels/${channel.id}/messages/${message.id}`, { text: 'two' });
  await alice.ok('DELETE', `/api/channels/${channel.id}/messages/${message.id}`);
  await alice.ok('POST', `/api/channels/${channel.id}/members`, { userIds: ['carol'] });
  await alice.ok('DELETE', `/api/channels/${channel.id}/members/carol`);
  const events = await endpoint.reach(endpoint.told, 6);
  assert.deepEqual(events.map(({ event }) => event), [
    'channel.created', 'message.new', 'message.updated', 'message.deleted', 'channel.member_joined', 'channel.member_left',
  ]);
  for (const each of events) {
    fields(JSON.parse(each.body), 'id', 'event', 'created_at', 'data');
    assert.match(each.id, /^[0-9a-f]{32}$/);
    assert.match(each.created_at, TIME);
    assert.equal(each.data.channelId, channel.id);
    signed(each, secret);
  }
  const [created, sent, edited, deleted, joined, left] = events.map(({ data }) => data);
  assert.equal(created.channel.id, channel.id);
  assert.deepEqual([sent.message.id, sent.message.text, sent.message.seq], [message.id, 'one', 1]);
  assert.deepEqual([edited.message.id, edited.message.text], [message.id, 'two']);
  assert.deepEqual([deleted.messageId, deleted.seq], [message.id, 1]);
  assert.deepEqual([joined.userId, left.userId], ['carol', 'carol']);
});

test('a read position is told', async () => {
  await told();
  const channel = await alice.group('Read', ['bob']);
  const message = await alice.say(channel.id, 'to be read');
  const bob = await User.sign(natter, 'bob');
  await bob.ok('POST', `/api/channels/${channel.id}/read`);
  const read = (await endpoint.reach(endpoint.told, 3)).find(({ event }) => event === 'message.read');
  assert.deepEqual(read.data, {
    channelId: channel.id, userId: 'bob', lastReadSeq: 1, lastReadMessageId: message.id,
  });
});

test('a server that fails is told again, with the same id, and nothing is overtaken', async () => {
  await told();
  const { id } = await alice.group('Again');
  await endpoint.reach(endpoint.told, 1);
  endpoint.status = 500;
  const texts = ['one', 'two', 'three'];
  for (const text of texts) await alice.say(id, text);
  await endpoint.reach(endpoint.tries, 3);
  assert.equal(new Set(endpoint.tries.slice(1).map((each) => each.id)).size, 1);
  endpoint.status = 200;
  const events = (await endpoint.reach(endpoint.told, 4)).slice(1);
  assert.deepEqual(events.map(({ data }) => data.message.text), texts);
  assert.equal(events[0].id, endpoint.tries[1].id);
});

test('a server that does not answer keeps nobody from sending', async () => {
  await told();
  const { id } = await alice.group('Not slowed');
  await endpoint.reach(endpoint.told, 1);
  await endpoint.stop();
  for (let seq = 1; seq <= 20; seq += 1) assert.equal((await alice.say(id, `message ${seq}`)).seq, seq);
  await endpoint.resume();
  const events = (await endpoint.reach(endpoint.told, 21)).slice(1);
  assert.deepEqual(events.map(({ data }) => data.message.seq), Array.from({ length: 20 }, (_, at) => at + 1));
});

test('what was not told before a crash is told after it', async () => {
  const secret = await told();
  const { id } = await alice.group('Crash');
  await endpoint.reach(endpoint.told, 1);
  endpoint.status = 503;
  await alice.say(id, 'kept');
  const [, tried] = await endpoint.reach(endpoint.tries, 2);
  await natter.crash();
  endpoint.status = 200;
  await natter.launch();
  // What had been told a moment before the crash may be told again, with its id.
  const isKept = ({ id: own }) => own === tried.id;
  await endpoint.until(() => endpoint.told.some(isKept));
  const event = endpoint.told.find(isKept);
  assert.deepEqual([event.event, event.data.message.text], ['message.new', 'kept']);
  signed(event, secret);
});

test('a webhook that was removed is told nothing more, not even what waited', async () => {
  await told();
  const { id } = await alice.group('Removed');
  await endpoint.reach(endpoint.told, 1);
  endpoint.status = 500;
  await alice.say(id, 'waits');
  await endpoint.reach(endpoint.tries, 2);
  assert.equal((await put({ url: '' })).body.url, null);
  // An attempt that is under way meanwhile is answered with the old status.
  await pause(500);
  endpoint.status = 200;
  await alice.say(id, 'after');
  for (let attempt = 0; attempt < 1200 && (await natter.outbox('list', '--waiting')).length > 0; attempt += 1) await pause(50);
  assert.deepEqual(await natter.outbox('list', '--waiting'), []);
  const texts = endpoint.told.map(({ data }) => data.message?.text);
  assert.ok(!texts.includes('waits') && !texts.includes('after'), `${texts}`);
});

test('another app has a webhook of its own', async () => {
  await told();
  const eve = await User.sign(natter, 'eve', {}, 'other-api-key');
  await eve.group('Elsewhere');
  const { id } = await alice.group('Here');
  const events = await endpoint.reach(endpoint.told, 1);
  assert.deepEqual(events.map(({ data }) => data.channelId), [id]);
});

test('an Open Chat partner has its webhook there', async () => {
  const partners = await start({ ...REACHABLE, NATTER__LISTENERS__0__PLUGINS__2: 'openchat' });
  try {
    const answer = await call(partners, 'POST', '/v2/auth/register', { body: { username: 'shop', email: 'a@shop.example' } });
    assert.equal(answer.status, 201, answer.text);
    const { api_key: key } = await partners.command('tenant', 'key', 'openchat.shop', '--json');
    refused(await call(partners, 'PUT', '/api/webhooks', { key, body: { url: endpoint.url } }), 409, 'CONFLICT');
  } finally {
    await partners.remove();
  }
});
