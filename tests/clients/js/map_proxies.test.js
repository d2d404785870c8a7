// The tenant's backend decides about the keys of maps that clients set and remove.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Backend } from './support/backend.js';
import { connected, event, freshChannel, inBothEncodings } from './support/client.js';
import { Commands } from './support/commands.js';
import { Natter, pause } from './support/natter.js';

const bounded = { timeout: 60_000 };
const UNTIL_MS = 15_000;
const NAMESPACES = 'NATTER__PLUGINS__CENTRIFUGO__NAMESPACES';
const CHANNEL_PROXY = 'NATTER__PLUGINS__CENTRIFUGO__CHANNEL__PROXY';

let natter;
let backend;

/** What the backend thinks of a key that is set; the data says what is to be tried. */
function mapPublish({ user, key, data }) {
  if (user === 'eve') return { error: { code: 403, message: 'not yours' } };
  if (data.leave) return { disconnect: { code: 4501, reason: 'enough' } };
  if (data.result) return { result: data.result };
  return { result: { key: `${user}/${key}`, data: { ...data, checked: true }, score: data.rank, tags: { by: user } } };
}

function mapRemove({ user, key }) {
  if (user === 'eve') return { error: { code: 403, message: 'not yours' } };
  if (key === 'leave') return { disconnect: { code: 4502, reason: 'enough' } };
  return { result: { key: `${user}/${key}` } };
}

before(async () => {
  backend = await Backend.start({ map_publish: mapPublish, map_remove: mapRemove });
  const asked = (namespace) => ({
    [`${NAMESPACES}__${namespace}__MAP__PUBLISH_PROXY_ENABLED`]: 'true',
    [`${NAMESPACES}__${namespace}__MAP__REMOVE_PROXY_ENABLED`]: 'true',
  });
  natter = await Natter.start({
    ...asked('SCORES'),
    ...asked('CURSORS'),
    ...asked('BOARD'),
    [`${NAMESPACES}__BOARD__MAP__PUBLISH_PROXY_NAME`]: 'nobody',
    [`${NAMESPACES}__BOARD__MAP__REMOVE_PROXY_NAME`]: 'nobody',
    [`${CHANNEL_PROXY}__MAP_PUBLISH__ENDPOINT`]: backend.url('map_publish'),
    [`${CHANNEL_PROXY}__MAP_REMOVE__ENDPOINT`]: backend.url('map_remove'),
  });
});
after(async () => {
  await natter?.remove();
  await backend.stop();
});

/** A subscription that is live, and the updates that it sees. */
async function follow(client, channel, decode) {
  const subscription = client.newMapSubscription(channel);
  const updates = [];
  subscription.on('update', (update) => updates.push({ ...update, data: update.removed ? undefined : decode(update.data) }));
  subscription.subscribe();
  await subscription.ready(UNTIL_MS);
  const reach = async (count) => {
    const end = Date.now() + UNTIL_MS;
    while (updates.length < count) {
      if (Date.now() > end) throw new Error(`${updates.length} of ${count} updates came`);
      await pause(10);
    }
    return updates;
  };
  return { subscription, reach };
}

const state = async (channel) => (await natter.api('map_read_state', { channel, limit: -1 })).entries;
const keys = async (channel) => (await state(channel)).map(({ key }) => key);
const questions = (name, channel) => backend.questions(name).filter((each) => each.channel === channel);

inBothEncodings('the backend changes key, data, score and tags of what is set', () => natter, async ({ encoding, open, encode, decode }) => {
  const channel = freshChannel('scores');
  const client = open();
  const { client: id } = await connected(client);
  const { subscription, reach } = await follow(client, channel, decode);
  await subscription.publish('low', encode({ rank: 1 }));
  await subscription.publish('high', encode({ rank: 2 }));
  const seen = (await reach(2)).map(({ key, data, info, tags }) => [key, data, info.user, tags]);
  assert.deepEqual(seen, [
    ['ada/low', { rank: 1, checked: true }, 'ada', { by: 'ada' }],
    ['ada/high', { rank: 2, checked: true }, 'ada', { by: 'ada' }],
  ]);
  assert.deepEqual(await keys(channel), ['ada/high', 'ada/low']);
  assert.deepEqual(questions('map_publish', channel)[0], {
    client: id, transport: 'websocket', protocol: encoding.name, encoding: 'json', user: 'ada', channel, key: 'low', data: { rank: 1 },
  });
});

inBothEncodings('the backend decides which key is removed', () => natter, async ({ encoding, open, encode, decode }) => {
  const channel = freshChannel('scores');
  const client = open();
  const { client: id } = await connected(client);
  const { subscription, reach } = await follow(client, channel, decode);
  await subscription.publish('gone', encode({}));
  await subscription.publish('left', encode({}));
  await subscription.remove('gone');
  const { key, removed } = (await reach(3))[2];
  assert.deepEqual([key, removed, await keys(channel)], ['ada/gone', true, ['ada/left']]);
  assert.deepEqual(questions('map_remove', channel), [
    { client: id, transport: 'websocket', protocol: encoding.name, encoding: 'json', user: 'ada', channel, key: 'gone' },
  ]);
});

inBothEncodings('the backend sets a key on conditions, and its client cannot tell', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('scores');
  const client = open();
  await connected(client);
  const { subscription, reach } = await follow(client, channel, decode);
  const set = (name, result) => subscription.publish('k', encode({ name, result }));
  await set('never', { key_mode: 'if_exists' });
  await set('first', { key_mode: 'if_new', version: 5 });
  await set('second', { key_mode: 'if_new' });
  await set('old', { version: 4 });
  await set('newer', { version: 6, idempotency_key: channel });
  await set('again', { version: 7, idempotency_key: channel });
  assert.deepEqual((await state(channel)).map(({ data }) => data.name), ['newer']);
  assert.deepEqual((await reach(2)).map(({ data }) => data.name), ['first', 'newer']);
});

inBothEncodings('the backend refuses keys with an error of its own', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('scores');
  const [ada, eve] = [open(), open({ user: 'eve' })];
  await Promise.all([ada, eve].map(connected));
  const [own, other] = await Promise.all([ada, eve].map((client) => follow(client, channel, decode)));
  await own.subscription.publish('k', encode({}));
  const refusal = { code: 403, message: 'not yours' };
  await assert.rejects(other.subscription.publish('k', encode({})), refusal);
  await assert.rejects(other.subscription.remove('k'), refusal);
  await own.subscription.publish('l', encode({}));
  assert.deepEqual((await keys(channel)).sort(), ['ada/k', 'ada/l']);
  assert.equal((await other.reach(2)).length, 2);
});

inBothEncodings('the backend ends the connection that sets or removes a key', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('scores');
  const change = [
    [4501, (subscription) => subscription.publish('k', encode({ leave: true }))],
    [4502, (subscription) => subscription.remove('leave')],
  ];
  for (const [code, act] of change) {
    const client = open();
    await connected(client);
    const { subscription } = await follow(client, channel, decode);
    const gone = event(client, 'disconnected');
    act(subscription).catch(() => {});
    assert.equal((await gone).code, code);
  }
  assert.deepEqual(await keys(channel), []);
});

inBothEncodings('without a backend nothing is set and nothing removed', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('board');
  await natter.api('map_publish', { channel, key: 'k', data: 1 });
  const client = open();
  await connected(client);
  const { subscription } = await follow(client, channel, decode);
  const refusal = { code: 100, temporary: true };
  await assert.rejects(subscription.publish('k', encode({ value: 2 })), refusal);
  await assert.rejects(subscription.remove('k'), refusal);
  assert.deepEqual((await state(channel)).map(({ key, data }) => [key, data]), [['k', 1]]);
});

inBothEncodings('a namespace that gives clients their key asks about that one', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('cursors');
  const client = open();
  const { client: id } = await connected(client);
  const { subscription, reach } = await follow(client, channel, decode);
  await subscription.publish('somebody-elses', encode({ result: {} }));
  assert.deepEqual([questions('map_publish', channel)[0].key, (await reach(1))[0].key], [id, id]);
});

test('the backend names a key for a client that does not', bounded, async () => {
  const channel = freshChannel('scores');
  const commands = await Commands.open(natter);
  const set = (data, key) => commands.ask({ publish: { channel, type: 1, data, key } });
  assert.deepEqual((await set({ result: { key: 'chosen' } })).publish, {});
  assert.deepEqual(await keys(channel), ['chosen']);
  assert.equal('key' in questions('map_publish', channel)[0], false);
  assert.equal((await set({ result: {} })).error.code, 107);
  assert.equal((await set({ result: { key_mode: 'sometimes' } }, 'k')).error.code, 100);
  assert.deepEqual(await keys(channel), ['chosen']);
  commands.close();
});
