// Subscribing, publishing, history, and the errors of both.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { collect, connected, event, freshChannel, inBothEncodings, subscribed } from './support/client.js';
import { Natter } from './support/natter.js';
import { token } from './support/token.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

inBothEncodings('a publication reaches every subscriber, its sender included', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel();
  const clients = [open({ user: 'ada' }), open({ user: 'bob' })];
  const received = [];
  for (const client of clients) {
    await connected(client);
    const subscription = client.newSubscription(channel);
    received.push(event(subscription, 'publication'));
    await subscribed(subscription);
  }
  await clients[0].publish(channel, encode({ text: 'höhe ☃ \n line' }));
  for (const context of await Promise.all(received)) {
    assert.deepEqual(decode(context.data), { text: 'höhe ☃ \n line' });
    assert.equal(context.info.user, 'ada');
    assert.equal(context.offset, 1);
  }
});

inBothEncodings('publications keep the order of one sender', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel();
  const client = open();
  await connected(client);
  const subscription = client.newSubscription(channel);
  const { reach } = collect(subscription, decode);
  await subscribed(subscription);
  const sent = Array.from({ length: 200 }, (_, index) => index);
  await Promise.all(sent.map((index) => subscription.publish(encode({ index }))));
  const seen = await reach(200);
  assert.deepEqual(seen.map((context) => context.data.index), sent);
  assert.deepEqual(seen.map((context) => context.offset), sent.map((index) => index + 1));
});

inBothEncodings('concurrent senders share one sequence that all subscribers see alike', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel();
  const clients = ['ada', 'bob', 'cyd'].map((user) => open({ user }));
  const views = [];
  for (const client of clients) {
    await connected(client);
    const subscription = client.newSubscription(channel);
    views.push(collect(subscription, decode));
    await subscribed(subscription);
  }
  const sends = clients.flatMap((client, sender) =>
    Array.from({ length: 30 }, (_, index) => client.publish(channel, encode({ sender, index }))));
  await Promise.all(sends);
  const orders = await Promise.all(views.map((view) => view.reach(90)));
  const first = orders[0].map(({ offset, data }) => [offset, data.sender, data.index]);
  assert.deepEqual(first.map(([offset]) => offset), Array.from({ length: 90 }, (_, index) => index + 1));
  for (const order of orders) assert.deepEqual(order.map(({ offset, data }) => [offset, data.sender, data.index]), first);
});

inBothEncodings('history has pages, both ways, and a position', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel();
  const client = open();
  await connected(client);
  for (let index = 1; index <= 5; index += 1) await client.publish(channel, encode({ index }));
  const read = async (options) => {
    const { publications } = await client.history(channel, options);
    return publications.map((publication) => decode(publication.data).index);
  };
  const position = await client.history(channel, { limit: 0 });
  assert.deepEqual([position.publications.length, position.offset], [0, 5]);
  assert.ok(position.epoch);
  const since = (offset) => ({ offset, epoch: position.epoch });
  assert.deepEqual(await read({ limit: -1 }), [1, 2, 3, 4, 5]);
  assert.deepEqual(await read({ limit: 2, since: since(2) }), [3, 4]);
  assert.deepEqual(await read({ limit: 2, reverse: true }), [5, 4]);
  assert.deepEqual(await read({ limit: -1, since: since(3), reverse: true }), [2, 1]);
});

inBothEncodings('history of another epoch is refused with 112', () => natter, async ({ open, encode }) => {
  const channel = freshChannel();
  const client = open();
  await connected(client);
  await client.publish(channel, encode({}));
  await assert.rejects(client.history(channel, { limit: 1, since: { offset: 0, epoch: 'elsewhere' } }), { code: 112 });
});

inBothEncodings('an unknown namespace is error 102', () => natter, async ({ open, encode }) => {
  const client = open();
  await connected(client);
  await assert.rejects(client.publish('nowhere:1', encode({})), { code: 102 });
  const subscription = client.newSubscription('nowhere:1');
  const refused = event(subscription, 'unsubscribed');
  subscription.subscribe();
  assert.equal((await refused).code, 102);
});

inBothEncodings('what a namespace does not allow is error 103 and what it lacks is 108', () => natter, async ({ open, encode }) => {
  const client = open();
  await connected(client);
  await assert.rejects(client.publish('private:1', encode({})), { code: 103 });
  const subscription = client.newSubscription('private:1');
  const refused = event(subscription, 'unsubscribed');
  subscription.subscribe();
  assert.equal((await refused).code, 103);
  await assert.rejects(client.presence('fast:1'), { code: 108 });
  await assert.rejects(client.history('fast:1', { limit: 1 }), { code: 108 });
});

inBothEncodings('a name of more than 255 bytes is error 107', () => natter, async ({ open }) => {
  const client = open();
  await connected(client);
  const subscription = client.newSubscription('x'.repeat(256));
  const refused = event(subscription, 'unsubscribed');
  subscription.subscribe();
  assert.equal((await refused).code, 107);
});

inBothEncodings('a remote call without a backend is error 108', () => natter, async ({ open, encode }) => {
  const client = open();
  await connected(client);
  await assert.rejects(client.rpc('method', encode({})), { code: 108 });
});

inBothEncodings('an unsubscribed client hears nothing more and can subscribe again', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('fast');
  const client = open();
  await connected(client);
  const subscription = client.newSubscription(channel);
  const { seen, reach } = collect(subscription, decode);
  await subscribed(subscription);
  const done = event(subscription, 'unsubscribed');
  subscription.unsubscribe();
  assert.equal((await done).code, 0);
  await client.publish(channel, encode({ index: 1 }));
  await subscribed(subscription);
  await client.publish(channel, encode({ index: 2 }));
  await reach(1);
  assert.deepEqual(seen.map((context) => context.data.index), [2]);
});

inBothEncodings('a user-limited channel is for its users only', () => natter, async ({ open }) => {
  const channel = `${freshChannel()}#ada,bob`;
  const [ada, eve] = [open({ user: 'ada' }), open({ user: 'eve' })];
  await Promise.all([connected(ada), connected(eve)]);
  await subscribed(ada.newSubscription(channel));
  const denied = eve.newSubscription(channel);
  const refused = event(denied, 'unsubscribed');
  denied.subscribe();
  assert.equal((await refused).code, 103);
});

inBothEncodings('a payload close to the frame limit arrives whole', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('fast');
  const client = open();
  await connected(client);
  const subscription = client.newSubscription(channel);
  const arrived = event(subscription, 'publication');
  await subscribed(subscription);
  const text = 'n'.repeat(64_000);
  await subscription.publish(encode({ text }));
  assert.equal(decode((await arrived).data).text, text);
});

test('subscribing and unsubscribing again and again, without waiting, is done in order', { timeout: 60_000 }, async () => {
  const channel = freshChannel();
  const socket = new WebSocket(natter.url);
  await once(socket, 'open');
  const replies = new Map();
  const complete = new Promise((resolve) => {
    socket.on('message', (data) => {
      for (const line of data.toString().split('\n')) replies.set(JSON.parse(line).id, JSON.parse(line));
      if (replies.has(8)) resolve();
    });
  });
  const commands = [{ id: 1, connect: { token: token({ sub: 'ada' }) } }];
  for (const id of [2, 4, 6, 8]) commands.push({ id, subscribe: { channel } }, { id: id + 1, unsubscribe: { channel } });
  commands.pop();
  for (const command of commands) socket.send(JSON.stringify(command));
  await complete;
  socket.terminate();
  for (const id of [2, 4, 6, 8]) assert.ok(replies.get(id)?.subscribe, `subscribe ${id}: ${JSON.stringify(replies.get(id))}`);
  for (const id of [3, 5, 7]) assert.ok(replies.get(id)?.unsubscribe, `unsubscribe ${id}: ${JSON.stringify(replies.get(id))}`);
});
