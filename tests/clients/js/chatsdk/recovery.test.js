// A client that was away gets exactly what it missed, once and in order; and every message has its number.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { event } from '../support/client.js';
import { start, User } from './support/sdk.js';

let natter;
let alice;
let bob;
before(async () => {
  natter = await start();
  [alice, bob] = await Promise.all(['alice', 'bob'].map((id) => User.sign(natter, id)));
});
after(() => natter.remove());

const seqs = (live, from = 1) => live.events.filter(({ type }) => type === 'message.new').map(({ payload }) => payload.message.seq).filter((seq) => seq >= from);
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Bob watches a channel of both. */
async function watching(name) {
  const { id } = await alice.group(name, ['bob']);
  const live = await bob.connect();
  const subscription = await live.watch(id);
  return { id, live, subscription };
}

/** Takes the connection away until `meanwhile` is done; the subscription's next context. */
async function away(live, subscription, meanwhile) {
  const gone = event(live.client, 'disconnected');
  live.client.disconnect();
  await gone;
  await meanwhile();
  const back = event(subscription, 'subscribed');
  live.client.connect();
  return back;
}

test('what was missed comes once and in order, and state is not replayed', async () => {
  const { id, live, subscription } = await watching('Away');
  const first = await alice.say(id, '1');
  await live.next('message.new', ({ message }) => message.id === first.id);
  const context = await away(live, subscription, async () => {
    await alice.ok('POST', `/api/channels/${id}/typing`);
    const second = await alice.say(id, '2');
    await alice.ok('PATCH', `/api/channels/${id}/messages/${second.id}`, { text: 'two' });
    await alice.ok('POST', `/api/channels/${id}/messages/${second.id}/reactions`, { emoji: '👍' }, 201);
    await alice.ok('POST', `/api/channels/${id}/read`);
    await alice.say(id, '3');
  });
  assert.deepEqual([context.wasRecovering, context.recovered], [true, true]);
  const last = await alice.say(id, '4');
  await live.next('message.new', ({ message }) => message.id === last.id);
  const seen = live.events.filter(({ channel }) => channel.startsWith('chat:')).map(({ type }) => type);
  assert.deepEqual(seen, ['message.new', 'message.updated', 'reaction.added', 'message.new']);
  live.close();
});

test('a crash of the node loses nothing', async () => {
  const { id, live, subscription } = await watching('Crash');
  await alice.say(id, '1');
  const back = event(subscription, 'subscribed');
  await natter.crash();
  await natter.launch();
  assert.equal((await back).recovered, true);
  await alice.say(id, '2');
  await live.next('message.new', ({ message }) => message.seq === 2);
  assert.deepEqual(seqs(live), [1]);
  const { messages, maxSeq } = await bob.get(`/api/channels/${id}/messages?since_seq=0`);
  assert.deepEqual([messages.map(({ seq }) => seq), maxSeq], [[1, 2], 2]);
  assert.equal((await bob.get(`/api/channels/${id}`)).unreadCount, 2);
  live.close();
});

test('too much was missed: the client is told, and since_seq fills in', async () => {
  const { id, live, subscription } = await watching('Long');
  await alice.say(id, '1');
  await live.next('message.new');
  const total = 1_051;
  const context = await away(live, subscription, async () => {
    for (let sent = 1; sent < total; sent += 50) {
      await Promise.all(numbers(1, 50).map(() => alice.say(id, 'more')));
    }
  });
  assert.deepEqual([context.wasRecovering, context.recovered], [true, false]);
  const filled = [];
  for (let page, last = 1; page?.hasMore ?? true; last = filled.at(-1)) {
    page = await bob.get(`/api/channels/${id}/messages?limit=200&since_seq=${last}`);
    filled.push(...page.messages.map(({ seq }) => seq));
  }
  assert.deepEqual(filled, numbers(2, total));
  live.close();
});

test('concurrent senders get dense numbers, in the order everyone sees', async () => {
  const { id, live } = await watching('Concurrent');
  const sent = await Promise.all(numbers(1, 100).map((index) => (index % 2 ? alice : bob).say(id, `${index}`)));
  await live.next('message.new', ({ message }) => message.seq === 100);
  assert.deepEqual(sent.map(({ seq }) => seq).sort((one, other) => one - other), numbers(1, 100));
  assert.deepEqual(seqs(live), numbers(1, 99));
  live.close();
});
