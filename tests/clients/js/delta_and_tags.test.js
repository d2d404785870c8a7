// Fossil deltas and filters by tag: what a subscriber sees is the same or less, never something else.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import {
  collect, connected, dropConnection, event, freshChannel, inBothEncodings, subscribed,
} from './support/client.js';
import { Natter } from './support/natter.js';
import { token } from './support/token.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

const story = (index) => ({ index, text: 'once upon a time there was a broker that sent differences ☃ '.repeat(8) });

inBothEncodings('delta and plain subscribers see the same publications', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('delta');
  const [sparing, plain] = [open({ user: 'ada' }), open({ user: 'bob' })];
  await Promise.all([connected(sparing), connected(plain)]);
  const subscriptions = [sparing.newSubscription(channel, { delta: 'fossil' }), plain.newSubscription(channel)];
  const views = subscriptions.map((subscription) => collect(subscription, decode));
  await Promise.all(subscriptions.map(subscribed));
  const sent = [1, 2, 3, 4, 5].map(story);
  for (const data of sent) await natter.api('publish', { channel, data });
  for (const view of views) assert.deepEqual((await view.reach(5)).map(({ data }) => data), sent);
});

inBothEncodings('deltas go on after a recovery', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('delta');
  const client = open({ minReconnectDelay: 1_000, maxReconnectDelay: 1_500 });
  await connected(client);
  const subscription = client.newSubscription(channel, { delta: 'fossil' });
  const { seen, reach } = collect(subscription, decode);
  await subscribed(subscription);
  await natter.api('publish', { channel, data: story(1) });
  await reach(1);
  const away = event(client, 'connecting');
  const back = event(subscription, 'subscribed');
  dropConnection(client);
  await away;
  for (const index of [2, 3, 4]) await natter.api('publish', { channel, data: story(index) });
  assert.equal((await back).recovered, true);
  await natter.api('publish', { channel, data: story(5) });
  await reach(5);
  assert.deepEqual(seen.map(({ data }) => data), [1, 2, 3, 4, 5].map(story));
});

test('a delta on the wire is a short string that says so', { timeout: 60_000 }, async () => {
  const channel = freshChannel('delta');
  const socket = new WebSocket(natter.url);
  const frames = [];
  const pushes = () => frames.flatMap((frame) => frame.split('\n')).map((line) => JSON.parse(line)).filter((reply) => reply.push?.pub);
  await new Promise((resolve) => socket.once('open', resolve));
  const next = () => new Promise((resolve) => socket.once('message', (data) => { frames.push(data.toString()); resolve(); }));
  const send = (command) => { const answer = next(); socket.send(JSON.stringify(command)); return answer; };
  await send({ id: 1, connect: { token: token({ sub: 'ada' }) } });
  await send({ id: 2, subscribe: { channel, delta: 'fossil' } });
  socket.on('message', (data) => frames.push(data.toString()));
  for (const index of [1, 2]) await natter.api('publish', { channel, data: story(index) });
  while (pushes().length < 2) await next();
  socket.terminate();
  const [full, delta] = pushes().filter((reply, position, all) => all.findIndex(({ push }) => push.pub.offset === reply.push.pub.offset) === position).map(({ push }) => push.pub);
  assert.equal(full.delta, undefined);
  assert.deepEqual(JSON.parse(full.data), story(1));
  assert.equal(delta.delta, true);
  assert.equal(typeof delta.data, 'string');
  assert.ok(delta.data.length < full.data.length / 2);
});

inBothEncodings('a filter by tag lets through what matches', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('tagged');
  const client = open();
  await connected(client);
  const tagsFilter = {
    op: 'and',
    nodes: [{ key: 'ticker', cmp: 'in', vals: ['AAA', 'BBB'] }, { key: 'price', cmp: 'gte', val: '10' }],
  };
  const subscription = client.newSubscription(channel, { tagsFilter });
  const { seen, reach } = collect(subscription, decode);
  await subscribed(subscription);
  const offers = [['AAA', '9'], ['AAA', '10'], ['CCC', '50'], ['BBB', '100']];
  for (const [ticker, price] of offers) {
    await natter.api('publish', { channel, data: { ticker, price }, tags: { ticker, price } });
  }
  await reach(2);
  assert.deepEqual(seen.map(({ data }) => [data.ticker, data.price]), [['AAA', '10'], ['BBB', '100']]);
  assert.deepEqual(seen.map(({ offset }) => offset), [2, 4]);
  assert.deepEqual(seen[0].tags, { ticker: 'AAA', price: '10' });
});

inBothEncodings('a filter where none is allowed is error 107', () => natter, async ({ open }) => {
  const client = open();
  await connected(client);
  const subscription = client.newSubscription(freshChannel(), { tagsFilter: { key: 'a', cmp: 'eq', val: 'b' } });
  const refused = event(subscription, 'unsubscribed');
  subscription.subscribe();
  assert.equal((await refused).code, 107);
});
