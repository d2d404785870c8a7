// Shared poll subscriptions with the official client: keys, signatures, values of a backend.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';

import WebSocket from 'ws';

import { Backend } from './support/backend.js';
import { connected, dropConnection, event, freshChannel, inBothEncodings, subscribed } from './support/client.js';
import { Natter, pause } from './support/natter.js';
import { token } from './support/token.js';

const SECRET = 'shared-poll-secret';

let natter;
let backend;
/** What the backend answers, by key. */
const values = new Map();
let epoch;
let isFailing;

function refresh({ items }) {
  if (isFailing) return { error: { code: 500, message: 'not today' } };
  const known = items.filter(({ key }) => values.has(key)).map(({ key }) => ({ key, ...values.get(key) }));
  return { result: { items: known, epoch } };
}

/** The namespaces, as the configuration has them. */
const NAMESPACES = `[ { name = "" },
  { name = "fast", allow_subscribe = true },
  { name = "poll", subscription_type = "shared_poll", allow_subscribe = true, allowed_delta_types = ["fossil"],
    shared_poll = { mode = "versioned", publish_enabled = true, refresh_interval = "200ms", max_keys_per_connection = 3,
    track_expired_extra_delay = "1s" } },
  { name = "plain", subscription_type = "shared_poll", allow_subscribe = true, allow_publish = true,
    shared_poll = { refresh_interval = "200ms" } } ]`.replaceAll('\n', ' ');

before(async () => {
  backend = await Backend.start({ refresh });
  natter = await Natter.start({
    NATTER__PLUGINS__CENTRIFUGO__SHARED_POLL__HMAC_SECRET_KEY: SECRET,
    NATTER__PLUGINS__CENTRIFUGO__CHANNEL__PROXY__SHARED_POLL_REFRESH__ENDPOINT: backend.url('refresh'),
    NATTER__PLUGINS__CENTRIFUGO__CHANNEL__PROXY__SHARED_POLL_REFRESH__TIMEOUT: '5s',
    NATTER__PLUGINS__CENTRIFUGO__SUBSCRIBE_TO_USER_PERSONAL_CHANNEL__ENABLED: 'false',
    NATTER__PLUGINS__CENTRIFUGO__NAMESPACES: NAMESPACES,
  });
});
after(async () => {
  await natter?.remove();
  await backend.stop();
});
beforeEach(() => {
  values.clear();
  epoch = '';
  isFailing = false;
});

function sign(channel, keys, user = 'ada', seconds = 600) {
  const iat = Math.floor(Date.now() / 1000);
  const hash = createHash('sha256').update(keys.join('\0')).digest('hex');
  const text = [iat, iat + seconds, user, channel, hash].join('\0');
  return `${iat}:${iat + seconds}:${createHmac('sha256', SECRET).update(text).digest('hex')}`;
}

/** A subscription whose backend signs whatever is asked for, and the updates that it gets. */
async function polled(client, channel, decode, options = {}) {
  const subscription = client.newSharedPollSubscription(channel, {
    getSignature: async ({ keys }) => ({ keys, signature: sign(channel, keys) }),
    ...options,
  });
  const updates = [];
  subscription.on('update', (update) => {
    updates.push({ ...update, version: Number(update.version ?? 0), data: update.removed ? null : decode(update.data) });
  });
  await subscribed(subscription);
  const reach = async (count) => {
    for (let attempt = 0; attempt < 300 && updates.length < count; attempt += 1) await pause(50);
    assert.ok(updates.length >= count, `${updates.length} of ${count} updates came`);
    return updates;
  };
  return { subscription, updates, reach };
}

inBothEncodings('values come, change and go', () => natter, async ({ open, decode }) => {
  const client = open();
  await connected(client);
  const channel = freshChannel('poll');
  const { subscription, updates, reach } = await polled(client, channel, decode);
  values.set('a', { data: { n: 1 }, version: 1 }).set('b', { data: 'text', version: 7 });
  subscription.track(['a', 'b']);
  await reach(2);
  assert.deepEqual(updates.map(({ key, version, data }) => [key, version, data]).sort(), [['a', 1, { n: 1 }], ['b', 7, 'text']]);
  values.set('a', { data: { n: 2 }, version: 2 });
  await reach(3);
  assert.deepEqual([updates[2].key, updates[2].version, updates[2].data], ['a', 2, { n: 2 }]);
  values.set('a', { removed: true });
  await reach(4);
  assert.deepEqual([updates[3].key, updates[3].removed], ['a', true]);
  assert.deepEqual([...subscription.trackedKeys()], ['b']);
});

inBothEncodings('many subscribers are one question', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('poll');
  values.set('k', { data: 1, version: 1 });
  const all = await Promise.all(Array.from({ length: 5 }, async () => {
    const client = open();
    await connected(client);
    const one = await polled(client, channel, decode);
    one.subscription.track(['k']);
    await one.reach(1);
    return one;
  }));
  await pause(1_000);
  const questions = backend.questions('refresh').filter((each) => each.channel === channel);
  assert.ok(questions.every(({ items }) => items.length === 1));
  // Each interval has one, and the first key one at once.
  assert.ok(questions.length <= 12, `${questions.length} questions`);
  values.set('k', { data: 2, version: 2 });
  await Promise.all(all.map(({ reach }) => reach(2)));
});

inBothEncodings('each subscriber gets its own keys only', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('poll');
  const [ada, bob] = [open(), open()];
  await Promise.all([connected(ada), connected(bob)]);
  const [one, other] = [await polled(ada, channel, decode), await polled(bob, channel, decode)];
  values.set('mine', { data: 1, version: 1 }).set('yours', { data: 2, version: 1 });
  one.subscription.track(['mine']);
  other.subscription.track(['yours']);
  await Promise.all([one.reach(1), other.reach(1)]);
  await pause(500);
  assert.deepEqual([one.updates.map(({ key }) => key), other.updates.map(({ key }) => key)], [['mine'], ['yours']]);
  one.subscription.untrack(['mine']);
  await pause(100);
  values.set('mine', { data: 3, version: 2 }).set('yours', { data: 4, version: 2 });
  await other.reach(2);
  assert.equal(one.updates.length, 1);
});

inBothEncodings('without versions a change of the value counts', () => natter, async ({ open, decode }) => {
  const client = open();
  await connected(client);
  const channel = freshChannel('plain');
  const { subscription, updates, reach } = await polled(client, channel, decode);
  values.set('k', { data: { n: 1 } });
  subscription.track(['k']);
  await reach(1);
  await pause(600);
  assert.equal(updates.length, 1);
  values.set('k', { data: { n: 2 } });
  await reach(2);
  assert.ok(updates[1].version > updates[0].version);
  assert.deepEqual(updates[1].data, { n: 2 });
});

inBothEncodings('a client that comes back gets what it missed and no more', () => natter, async ({ open, decode }) => {
  const client = open();
  await connected(client);
  const channel = freshChannel('poll');
  const { subscription, updates, reach } = await polled(client, channel, decode);
  values.set('same', { data: 1, version: 1 }).set('new', { data: 1, version: 1 });
  subscription.track(['same', 'new']);
  await reach(2);
  const again = event(subscription, 'subscribed');
  dropConnection(client);
  values.set('new', { data: 2, version: 2 });
  await again;
  await reach(3);
  await pause(500);
  assert.deepEqual(updates.slice(2).map(({ key, version }) => [key, version]), [['new', 2]]);
});

inBothEncodings('the backend publishes a value before it is asked', () => natter, async ({ open, decode }) => {
  const client = open();
  await connected(client);
  const channel = freshChannel('poll');
  const { subscription, reach } = await polled(client, channel, decode);
  values.set('k', { data: 'polled', version: 1 });
  subscription.track(['k']);
  await reach(1);
  await natter.api('shared_poll_publish', { channel, key: 'k', data: 'published', version: 5 });
  const updates = await reach(2);
  assert.deepEqual([updates[1].data, updates[1].version], ['published', 5]);
  await assert.rejects(natter.api('publish', { channel, data: 1 }), { code: 107 });
  await assert.rejects(natter.api('shared_poll_publish', { channel: freshChannel('plain'), key: 'k', data: 1, version: 1 }), { code: 108 });
});

inBothEncodings('values come as differences to whoever asks for them', () => natter, async ({ open, decode }) => {
  const client = open();
  await connected(client);
  const channel = freshChannel('poll');
  const { subscription, updates, reach } = await polled(client, channel, decode, { delta: 'fossil' });
  const text = 'the same text again and again, '.repeat(20);
  values.set('k', { data: { text, n: 1 }, version: 1 });
  subscription.track(['k']);
  await reach(1);
  for (const n of [2, 3]) {
    values.set('k', { data: { text, n }, version: n });
    await reach(n);
  }
  assert.deepEqual(updates.map(({ data }) => data.n), [1, 2, 3]);
  assert.ok(updates.every(({ data }) => data.text === text));
});

inBothEncodings('a backend that fails for a while ends nothing', () => natter, async ({ open, decode }) => {
  const client = open();
  await connected(client);
  const { subscription, reach } = await polled(client, freshChannel('poll'), decode);
  isFailing = true;
  values.set('k', { data: 1, version: 1 });
  subscription.track(['k']);
  await pause(700);
  isFailing = false;
  await reach(1);
  values.set('k', { data: 2, version: 2 });
  await reach(2);
});

inBothEncodings('another epoch has clients begin anew', () => natter, async ({ open, decode }) => {
  const client = open();
  await connected(client);
  const { subscription, updates, reach } = await polled(client, freshChannel('poll'), decode);
  // A client counts versions in an epoch from the first one on that it is told of.
  epoch = 'first';
  values.set('k', { data: 'old', version: 9 });
  subscription.track(['k']);
  await reach(1);
  await pause(300);
  const again = event(subscription, 'subscribing');
  epoch = 'second';
  values.set('k', { data: 'new', version: 1 });
  assert.equal((await again).code, 2500);
  await reach(2);
  assert.deepEqual([updates.at(-1).data, updates.at(-1).version], ['new', 1]);
});

/** A connection by hand, to see the codes that the client hides. */
async function bare(user = 'ada') {
  const socket = new WebSocket(natter.url);
  await new Promise((opened) => socket.once('open', opened));
  const waiting = new Map();
  const pushes = [];
  let next = 1;
  socket.on('message', (data) => {
    for (const line of data.toString().split('\n')) {
      const reply = JSON.parse(line);
      if (reply.id) waiting.get(reply.id)(reply);
      else if (reply.push) pushes.push(reply.push);
      else socket.send('{}');
    }
  });
  const call = (command) => new Promise((resolve) => {
    const id = next;
    next += 1;
    waiting.set(id, resolve);
    socket.send(JSON.stringify({ id, ...command }));
  });
  await call({ connect: { token: token({ sub: user }) } });
  return { call, pushes, socket, close: () => socket.close() };
}

test('kinds of subscriptions and namespaces have to match', async () => {
  const { call, close } = await bare();
  const code = async (channel, type) => (await call({ subscribe: { channel, type } })).error?.code;
  assert.equal(await code(freshChannel('poll'), 0), 107);
  assert.equal(await code(freshChannel('poll'), 1), 107);
  assert.equal(await code(freshChannel('fast'), 4), 108);
  const channel = freshChannel('plain');
  const { subscribe } = await call({ subscribe: { channel, type: 4 } });
  assert.equal(subscribe.type, 4);
  assert.equal(subscribe.epoch.length, 8);
  assert.equal(await code(channel, 4), 105);
  assert.equal((await call({ publish: { channel, data: 1 } })).error.code, 108);
  close();
});

test('signatures and bounds are held', async () => {
  const { call, close } = await bare();
  const channel = freshChannel('poll');
  const list = (keys, signature) => ({ signature, items: keys.map((key) => ({ key })) });
  const track = async (...lists) => {
    const { error, sub_refresh: result } = await call({ sub_refresh: { channel, type: 1, track: lists } });
    return error?.code ?? result;
  };
  assert.equal(await track(list(['a'], sign(channel, ['a']))), 103);
  await call({ subscribe: { channel, type: 4 } });
  assert.equal(await track(), 107);
  assert.equal(await track(list([], sign(channel, []))), 107);
  assert.equal(await track(list([''], sign(channel, ['']))), 107);
  assert.equal(await track(list(['a'], 'nonsense')), 103);
  assert.equal(await track(list(['b'], sign(channel, ['a']))), 103);
  assert.equal(await track(list(['a'], sign(channel, ['a'], 'eve'))), 103);
  assert.equal(await track(list(['a'], sign(`${channel}x`, ['a']))), 103);
  assert.equal(await track(list(['a'], sign(channel, ['a'], 'ada', -6))), 109);
  assert.equal((await track(list(['a'], sign(channel, ['a'], 'ada', -3)))).expires, true);
  assert.equal(await track(list(['a', 'b', 'c', 'd'], sign(channel, ['a', 'b', 'c', 'd']))), 106);
  const { ttl } = await track(list(['a'], sign(channel, ['a'])), list(['b', 'c'], sign(channel, ['b', 'c'], 'ada', 60)));
  assert.ok(ttl >= 58 && ttl <= 60, `${ttl}`);
  assert.equal(await track(list(['d'], sign(channel, ['d']))), 106);
  assert.deepEqual((await call({ sub_refresh: { channel, type: 2, untrack: ['a'] } })).sub_refresh, {});
  assert.equal((await call({ sub_refresh: { channel, type: 2 } })).error.code, 107);
  assert.equal((await call({ sub_refresh: { channel, type: 0 } })).error.code, 107);
  assert.equal((await track(list(['d'], sign(channel, ['d'])))).expires, true);
  close();
});

test('known values are in the answer, and untracked keys are not', async () => {
  const channel = freshChannel('poll');
  values.set('a', { data: { n: 1 }, version: 4 }).set('b', { data: 2, version: 1 });
  const first = await bare();
  await first.call({ subscribe: { channel, type: 4 } });
  const track = [{ signature: sign(channel, ['a', 'b']), items: [{ key: 'a' }, { key: 'b' }] }];
  await first.call({ sub_refresh: { channel, type: 1, track } });
  for (let attempt = 0; attempt < 100 && first.pushes.length < 2; attempt += 1) await pause(50);
  const second = await bare();
  await second.call({ subscribe: { channel, type: 4 } });
  const { sub_refresh: result } = await second.call({ sub_refresh: { channel, type: 1, track, untrack: ['b'] } });
  assert.deepEqual(result.items, [{ data: { n: 1 }, key: 'a', version: 4 }]);
  values.set('a', { data: { n: 2 }, version: 5 }).set('b', { data: 3, version: 2 });
  for (let attempt = 0; attempt < 100 && first.pushes.length < 4; attempt += 1) await pause(50);
  assert.deepEqual(second.pushes.map(({ pub }) => pub), [{ data: { n: 2 }, key: 'a', version: 5 }]);
  first.close();
  second.close();
});

test('a key whose signature is not renewed is tracked no longer, in silence', async () => {
  const channel = freshChannel('poll');
  values.set('brief', { data: 1, version: 1 });
  const { call, pushes, close } = await bare();
  await call({ subscribe: { channel, type: 4 } });
  const track = [{ signature: sign(channel, ['brief'], 'ada', 1), items: [{ key: 'brief' }] }];
  await call({ sub_refresh: { channel, type: 1, track } });
  for (let attempt = 0; attempt < 100 && pushes.length < 1; attempt += 1) await pause(50);
  await pause(4_500);
  const asked = backend.questions('refresh').filter((each) => each.channel === channel).length;
  await pause(600);
  assert.equal(backend.questions('refresh').filter((each) => each.channel === channel).length, asked);
  assert.equal(pushes.length, 1);
  close();
});

test('a client that does not read for a while gets newer values only, and stays', async () => {
  const channel = freshChannel('poll');
  const { call, pushes, socket, close } = await bare();
  let code = null;
  socket.on('close', (reason) => { code = reason; });
  await call({ subscribe: { channel, type: 4 } });
  const filler = 'x'.repeat(800_000);
  values.set('large', { data: { filler }, version: 1 });
  const track = [{ signature: sign(channel, ['large']), items: [{ key: 'large' }] }];
  await call({ sub_refresh: { channel, type: 1, track } });
  for (let attempt = 0; attempt < 100 && pushes.length < 1; attempt += 1) await pause(50);
  socket.pause();
  const changes = 40;
  for (let version = 2; version <= changes; version += 1) {
    // Of the pings that come meanwhile none can be answered: the changes come faster than the next ping but one.
    await natter.api('shared_poll_publish', { channel, key: 'large', data: { filler }, version });
    values.set('large', { data: { filler }, version });
  }
  socket.resume();
  for (let attempt = 0; attempt < 100 && pushes.at(-1)?.pub.version !== changes; attempt += 1) await pause(50);
  assert.equal(code, null);
  const versions = pushes.map(({ pub }) => pub.version);
  assert.equal(versions.at(-1), changes);
  assert.deepEqual(versions, versions.toSorted((a, b) => a - b));
  assert.ok(versions.length < changes, `${versions.length} of ${changes} values came`);
  close();
});
