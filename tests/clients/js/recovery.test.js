// Coming back after a broken connection, a restart, and a crash.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import {
  collect, connected, dropConnection, event, freshChannel, inBothEncodings, subscribed,
} from './support/client.js';
import { Natter } from './support/natter.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Publishes through the backend while a client is away; the client's next `subscribed` is returned. */
async function missWhileAway(client, subscription, channel, indices) {
  const back = event(subscription, 'subscribed');
  const away = event(client, 'connecting');
  dropConnection(client);
  await away;
  for (const index of indices) await natter.api('publish', { channel, data: { index } });
  return back;
}

inBothEncodings('what was missed is delivered once and in order', () => natter, async ({ open, decode }) => {
  const channel = freshChannel();
  const client = open({ minReconnectDelay: 1_000, maxReconnectDelay: 1_500 });
  await connected(client);
  const subscription = client.newSubscription(channel);
  const { seen, reach } = collect(subscription, decode);
  await subscribed(subscription);
  await natter.api('publish', { channel, data: { index: 1 } });
  await reach(1);
  const context = await missWhileAway(client, subscription, channel, numbers(2, 6));
  assert.deepEqual([context.wasRecovering, context.recovered], [true, true]);
  await natter.api('publish', { channel, data: { index: 7 } });
  await reach(7);
  assert.deepEqual(seen.map(({ data }) => data.index), numbers(1, 7));
  assert.deepEqual(seen.map(({ offset }) => offset), numbers(1, 7));
});

inBothEncodings('nothing missed is recovered as nothing', () => natter, async ({ open, decode }) => {
  const channel = freshChannel();
  const client = open();
  await connected(client);
  const subscription = client.newSubscription(channel);
  const { seen, reach } = collect(subscription, decode);
  await subscribed(subscription);
  await natter.api('publish', { channel, data: { index: 1 } });
  await reach(1);
  const context = await missWhileAway(client, subscription, channel, []);
  assert.equal(context.recovered, true);
  assert.equal(context.hasRecoveredPublications, false);
  assert.equal(seen.length, 1);
});

inBothEncodings('a channel that kept too little says so', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('small');
  const client = open({ minReconnectDelay: 1_000, maxReconnectDelay: 1_500 });
  await connected(client);
  const subscription = client.newSubscription(channel);
  const { reach } = collect(subscription, decode);
  await subscribed(subscription);
  await natter.api('publish', { channel, data: { index: 1 } });
  await reach(1);
  const context = await missWhileAway(client, subscription, channel, numbers(2, 6));
  assert.deepEqual([context.wasRecovering, context.recovered], [true, false]);
  assert.equal(context.streamPosition.offset, 6);
});

inBothEncodings('a namespace in cache mode returns the latest publication only', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('cache');
  for (const index of numbers(1, 3)) await natter.api('publish', { channel, data: { index } });
  const client = open();
  await connected(client);
  const subscription = client.newSubscription(channel, { since: { offset: 0, epoch: '' } });
  const { seen, reach } = collect(subscription, decode);
  const context = await subscribed(subscription);
  await reach(1);
  assert.equal(context.recovered, true);
  assert.deepEqual(seen.map(({ data }) => data.index), [3]);
});

inBothEncodings('a durable channel goes on after kill -9 with nothing lost', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('durable');
  const [sender, reader] = [open({ user: 'ada' }), open({ user: 'bob' })];
  await Promise.all([connected(sender), connected(reader)]);
  const subscription = reader.newSubscription(channel);
  const { seen, reach } = collect(subscription, decode);
  await subscribed(subscription);
  for (const index of numbers(1, 5)) await sender.publish(channel, encode({ index }));
  await reach(5);
  const { epoch } = await reader.history(channel, { limit: 0 });
  const away = [event(sender, 'connecting'), event(reader, 'connecting')];
  const back = event(subscription, 'subscribed');
  await natter.crash();
  await Promise.all(away);
  await natter.launch();
  assert.equal((await back).recovered, true);
  await sender.ready();
  for (const index of numbers(6, 9)) await sender.publish(channel, encode({ index }));
  await reach(9);
  assert.deepEqual(seen.map(({ offset, data }) => [offset, data.index]), numbers(1, 9).map((index) => [index, index]));
  const history = await reader.history(channel, { limit: -1 });
  assert.equal(history.epoch, epoch);
  assert.deepEqual(history.publications.map(({ data }) => decode(data).index), numbers(1, 9));
});

inBothEncodings('SIGTERM sends clients elsewhere with 3001, exits 0, and they come back', () => natter, async ({ open }) => {
  const client = open();
  await connected(client);
  const away = event(client, 'connecting');
  assert.equal(await natter.shutDown(), 0);
  assert.equal((await away).code, 3001);
  const back = event(client, 'connected');
  await natter.launch();
  await back;
});
