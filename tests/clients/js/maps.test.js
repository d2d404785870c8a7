// Map subscriptions with the official client: whatever happens, everybody sees the same keys.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { connected, dropConnection, event, freshChannel, inBothEncodings } from './support/client.js';
import { Natter, pause } from './support/natter.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

const bounded = { timeout: 60_000 };
const UNTIL_MS = 15_000;

/** What a subscription believes: state from `sync`, changes from `update`. */
function follow(subscription, decode) {
  const view = { keys: new Map(), syncs: 0, updates: [] };
  subscription.on('sync', ({ entries }) => {
    view.syncs += 1;
    view.keys = new Map(entries.map((entry) => [entry.key, decode(entry.data)]));
  });
  subscription.on('update', (update) => {
    view.updates.push(update);
    if (update.removed) view.keys.delete(update.key);
    else view.keys.set(update.key, decode(update.data));
  });
  view.until = async (holds) => {
    const end = Date.now() + UNTIL_MS;
    while (!holds(view)) {
      if (Date.now() > end) throw new Error(`the view stays ${JSON.stringify([...view.keys])}`);
      await pause(10);
    }
  };
  return view;
}

async function ready(subscription) {
  subscription.subscribe();
  await subscription.ready(UNTIL_MS);
}

const set = (channel, key, data, more = {}) => natter.api('map_publish', { channel, key, data, ...more });
const remove = (channel, key) => natter.api('map_remove', { channel, key });
const story = (index) => ({ index, text: 'a long story about a key that hardly changes ☃ '.repeat(8) });

inBothEncodings('a state of several pages comes whole, and changes come live', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('board');
  for (let index = 0; index < 23; index += 1) await set(channel, `key${index}`, { index });
  const client = open();
  await connected(client);
  const subscription = client.newMapSubscription(channel, { pageSize: 5 });
  const view = follow(subscription, decode);
  await ready(subscription);
  assert.equal(view.keys.size, 23);
  assert.deepEqual(view.keys.get('key7'), { index: 7 });
  await set(channel, 'key7', { index: 700 });
  await remove(channel, 'key8');
  await view.until(({ keys }) => keys.get('key7')?.index === 700 && !keys.has('key8'));
  assert.equal(view.syncs, 1);
});

inBothEncodings('what changes while pages are read is not lost', () => natter, async ({ open, decode }) => {
  for (const namespace of ['board', 'cursors']) {
    const channel = freshChannel(namespace);
    for (let index = 0; index < 30; index += 1) await set(channel, `key${index}`, 0);
    const writing = (async () => {
      for (let index = 0; index < 60; index += 1) {
        if (index % 7 === 3) await remove(channel, `key${index % 30}`);
        else await set(channel, `key${index % 30}`, index);
      }
    })();
    const clients = [1, 3, 7].map(() => open());
    await Promise.all(clients.map(connected));
    const views = await Promise.all([1, 3, 7].map(async (pageSize, index) => {
      const subscription = clients[index].newMapSubscription(channel, { pageSize });
      const view = follow(subscription, decode);
      await ready(subscription);
      return view;
    }));
    await writing;
    await set(channel, 'last', 'done');
    const { entries } = (await natter.api('map_read_state', { channel, limit: -1 }));
    const truth = Object.fromEntries(entries.map(({ key, data }) => [key, data]));
    for (const view of views) {
      await view.until(({ keys }) => keys.get('last') === 'done');
      assert.deepEqual(Object.fromEntries([...view.keys].sort()), truth);
    }
  }
});

inBothEncodings('whoever comes back recovers what was missed', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('board');
  await set(channel, 'old', 1);
  const client = open({ minReconnectDelay: 1_000, maxReconnectDelay: 1_500 });
  await connected(client);
  const subscription = client.newMapSubscription(channel);
  const view = follow(subscription, decode);
  await ready(subscription);
  const away = event(client, 'connecting');
  const back = event(subscription, 'subscribed');
  dropConnection(client);
  await away;
  await set(channel, 'new', 2);
  await remove(channel, 'old');
  const { recovered, wasRecovering } = await back;
  assert.deepEqual([recovered, wasRecovering], [true, true]);
  await view.until(({ updates }) => updates.length === 2);
  assert.deepEqual([[...view.keys], view.syncs], [[['new', 2]], 1]);
});

inBothEncodings('whoever has missed too much begins anew', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('narrowboard');
  const client = open();
  await connected(client);
  const subscription = client.newMapSubscription(channel, { minResubscribeDelay: 10, maxResubscribeDelay: 50 });
  const view = follow(subscription, decode);
  await ready(subscription);
  subscription.unsubscribe();
  for (let index = 0; index < 9; index += 1) await set(channel, `key${index % 2}`, index);
  const subscribed = event(subscription, 'subscribed');
  subscription.subscribe();
  assert.equal((await subscribed).recovered, false);
  await view.until(({ syncs }) => syncs === 2);
  assert.deepEqual(Object.fromEntries(view.keys), { key0: 8, key1: 7 });
});

inBothEncodings('a key that expires is told as removed', () => natter, async ({ open, decode, encode }) => {
  const channel = freshChannel('shortboard');
  const client = open();
  await connected(client);
  const subscription = client.newMapSubscription(channel);
  const view = follow(subscription, decode);
  await ready(subscription);
  await subscription.publish('brief', encode({ here: true }));
  await view.until(({ keys }) => keys.has('brief'));
  await view.until(({ keys }) => keys.size === 0);
  assert.deepEqual(view.updates.map(({ removed }) => removed === true), [false, true]);
});

inBothEncodings('clients set and remove keys, under the id that they have', () => natter, async ({ open, decode, encode }) => {
  const channel = freshChannel('cursors');
  const [writer, reader] = [open(), open({ user: 'bob' })];
  const { client } = await connected(writer);
  await connected(reader);
  const [own, other] = [writer, reader].map((each) => each.newMapSubscription(channel));
  const view = follow(other, decode);
  await Promise.all([own, other].map(ready));
  await own.publish('whatever', encode({ x: 1 }));
  await view.until(({ keys }) => keys.get(client)?.x === 1);
  assert.equal(view.updates[0].info.user, 'ada');
  await own.remove('whatever');
  await view.until(({ keys }) => keys.size === 0);
  await own.publish('whatever', encode({ x: 2 }));
  await view.until(({ keys }) => keys.get(client)?.x === 2);
  own.unsubscribe();
  await view.until(({ keys }) => keys.size === 0);
});

inBothEncodings('presence is a map of clients and one of users', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('board');
  const [watcher, one, two] = [open({ user: 'eve' }), open(), open()];
  const ids = await Promise.all([watcher, one, two].map(async (client) => (await connected(client)).client));
  const nothing = (data) => (data === undefined || data.length === 0 ? null : decode(data));
  const clients = watcher.newMapClientsSubscription(`boardclients:${channel}`);
  const users = watcher.newMapUsersSubscription(`boardusers:${channel}`);
  const [seenClients, seenUsers] = [clients, users].map((subscription) => follow(subscription, nothing));
  await Promise.all([clients, users].map(ready));
  const subscriptions = [one, two].map((client) => client.newMapSubscription(channel));
  await Promise.all(subscriptions.map(ready));
  await seenClients.until(({ keys }) => keys.size === 2);
  assert.deepEqual([...seenClients.keys.keys()].sort(), ids.slice(1).sort());
  assert.equal(seenClients.updates[0].info.user, 'ada');
  await seenUsers.until(({ keys }) => keys.has('ada'));
  subscriptions[0].unsubscribe();
  await seenClients.until(({ keys }) => keys.size === 1);
  two.disconnect();
  await seenClients.until(({ keys }) => keys.size === 0);
  await seenUsers.until(({ keys }) => keys.size === 0);
  assert.equal(seenUsers.updates.length, 2, 'a user comes and goes once');
});

inBothEncodings('subscribers of a plain channel are keys of a map, too', () => natter, async ({ open }) => {
  const channel = freshChannel('hall');
  const [watcher, visitor] = [open({ user: 'eve' }), open()];
  const [, { client }] = await Promise.all([watcher, visitor].map(connected));
  const clients = watcher.newMapClientsSubscription(`boardclients:${channel}`);
  const view = follow(clients, () => null);
  await ready(clients);
  await ready(visitor.newSubscription(channel));
  await view.until(({ keys }) => keys.has(client));
  dropConnection(visitor);
  await view.until(({ updates }) => updates.some(({ key, removed }) => key === client && removed));
});

inBothEncodings('deltas are made for each key', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('board');
  await set(channel, 'a', story(0));
  const client = open({ minReconnectDelay: 1_000, maxReconnectDelay: 1_500 });
  await connected(client);
  const subscription = client.newMapSubscription(channel, { delta: 'fossil' });
  const view = follow(subscription, decode);
  await ready(subscription);
  for (const [key, index] of [['b', 1], ['a', 2], ['b', 3]]) await set(channel, key, story(index));
  await view.until(({ updates }) => updates.length === 3);
  assert.deepEqual([view.keys.get('a'), view.keys.get('b')], [story(2), story(3)]);
  const { numFullPayloads, numDeltaPayloads } = subscription.deltaStats();
  assert.deepEqual([numFullPayloads, numDeltaPayloads], [2, 2]);
  const away = event(client, 'connecting');
  const back = event(subscription, 'subscribed');
  dropConnection(client);
  await away;
  for (const index of [4, 5]) await set(channel, 'a', story(index));
  await remove(channel, 'b');
  assert.equal((await back).recovered, true);
  await set(channel, 'a', story(6));
  await view.until(({ updates }) => updates.length === 7);
  assert.deepEqual([...view.keys], [['a', story(6)]]);
});

inBothEncodings('a filter by tag holds for pages, changes and live', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('board');
  const tagged = (key, team) => set(channel, key, team, { tags: { team } });
  await tagged('a', 'red');
  await tagged('b', 'blue');
  const client = open();
  await connected(client);
  const subscription = client.newMapSubscription(channel, { tagsFilter: { key: 'team', cmp: 'eq', val: 'red' } });
  const view = follow(subscription, decode);
  await ready(subscription);
  assert.deepEqual([...view.keys.keys()], ['a']);
  await tagged('c', 'blue');
  await tagged('d', 'red');
  await remove(channel, 'a');
  await view.until(({ keys }) => keys.has('d') && !keys.has('a'));
  assert.deepEqual([...view.keys.keys()], ['d']);
});

inBothEncodings('clearing a map has its subscribers begin anew', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('board');
  await set(channel, 'a', 1);
  const client = open();
  await connected(client);
  const subscription = client.newMapSubscription(channel, { minResubscribeDelay: 10, maxResubscribeDelay: 50 });
  const view = follow(subscription, decode);
  await ready(subscription);
  await natter.api('map_clear', { channel });
  await view.until(({ syncs }) => syncs === 2);
  await set(channel, 'b', 2);
  await view.until(({ keys }) => keys.size === 1 && keys.get('b') === 2);
});

test('the server API reads, counts and sets conditionally', bounded, async () => {
  const channel = freshChannel('board');
  assert.equal((await set(channel, 'a', 1, { key_mode: 'if_exists' })).suppress_reason, 'key_not_found');
  const first = await set(channel, 'a', 1, { key_mode: 'if_new', version: 5 });
  assert.deepEqual([first.offset, first.suppressed], [1, undefined]);
  assert.equal((await set(channel, 'a', 2, { key_mode: 'if_new' })).suppress_reason, 'key_exists');
  assert.equal((await set(channel, 'a', 2, { version: 5 })).suppress_reason, 'version');
  assert.equal((await set(channel, 'b', 2, { idempotency_key: 'once' })).offset, 2);
  assert.equal((await set(channel, 'c', 3, { idempotency_key: 'once' })).suppress_reason, 'idempotency');
  assert.equal((await remove(channel, 'nothing')).suppress_reason, 'key_not_found');
  assert.deepEqual(await natter.api('map_stats', { channel }), { num_keys: 2 });
  const page = await natter.api('map_read_state', { channel, limit: 1 });
  assert.deepEqual([page.entries.map(({ key, data, offset }) => [key, data, offset]), page.cursor], [[['a', 1, 1]], 'a']);
  const rest = await natter.api('map_read_state', { channel, limit: 9, cursor: page.cursor });
  assert.deepEqual([rest.entries.map(({ key }) => key), rest.cursor], [['b'], undefined]);
  const one = await natter.api('map_read_state', { channel, key: 'b' });
  assert.deepEqual(one.entries.map(({ data }) => data), [2]);
  await remove(channel, 'a');
  const stream = await natter.api('map_read_stream', { channel, since_offset: 1, since_epoch: first.epoch, limit: -1 });
  assert.deepEqual(stream.entries.map(({ key, removed }) => [key, removed === true]), [['b', false], ['a', true]]);
});

test('an ordered map shows the highest score first', bounded, async () => {
  const channel = freshChannel('scores');
  for (const [key, score] of [['low', 1], ['high', 9], ['middle', 5]]) await set(channel, key, score, { score });
  const read = async (asc) => (await natter.api('map_read_state', { channel, limit: -1, asc })).entries.map(({ key }) => key);
  assert.deepEqual(await read(false), ['high', 'middle', 'low']);
  assert.deepEqual(await read(true), ['low', 'middle', 'high']);
});
