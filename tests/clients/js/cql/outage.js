// The store is away for a while: who sends is told so and may try again, everything else goes on, and when it is back
// nothing that was acknowledged is missing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { connected, event, subscribed } from '../support/client.js';
import { pause } from '../support/natter.js';
import { call, start, User } from '../chatsdk/support/sdk.js';
import { cluster } from './cluster.js';

/** Longer than any answer may take; a call that has none by then has failed the test. */
const PATIENCE_MS = 30_000;
/** How much the node may grow while nothing can be stored. */
const GROWTH_BYTES = 128 * 1024 * 1024;

let natter;
let alice;
let bob;
const clients = [];
before(async () => {
  natter = await start();
  [alice, bob] = await Promise.all(['alice', 'bob'].map((id) => User.sign(natter, id)));
});
after(async () => {
  await cluster('resume');
  clients.forEach((client) => client.disconnect());
  await natter.remove();
});

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Sends once under a key; the answer's status, and the number of the message if there is one. */
async function send(channel, text) {
  const answer = await fetch(`${natter.http}/api/channels/${channel}/messages`, {
    method: 'POST',
    headers: {
      'X-API-Key': 'demo-api-key', Authorization: `Bearer ${alice.token}`, 'Content-Type': 'application/json',
      'Idempotency-Key': text.replaceAll(' ', '-'),
    },
    body: JSON.stringify({ text }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const body = await answer.json();
  return { ...body, status: answer.status, retryAfter: Number(answer.headers.get('retry-after')), text };
}

async function residentBytes() {
  const page = await (await fetch(`${natter.internal}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(page)[1]);
}

async function until(holds) {
  for (let waited = 0; waited < PATIENCE_MS; waited += 100) {
    if (await holds()) return;
    await pause(100);
  }
  assert.fail('it did not come to pass');
}

const ready = async () => (await fetch(`${natter.internal}/readyz`)).status;

test('the cluster does not answer for a while', { timeout: 240_000 }, async () => {
  const { id } = await alice.group('Outage', ['bob']);
  const live = await bob.connect();
  clients.push(live.client);
  await live.watch(id);
  const acknowledged = [];
  for (const number of numbers(1, 5)) acknowledged.push(await send(id, `before ${number}`));
  assert.deepEqual(acknowledged.map(({ status }) => status), [201, 201, 201, 201, 201]);
  await live.next('message.new', ({ message }) => message.text === 'before 5');

  const publisher = alice.client(alice.wsToken);
  clients.push(publisher);
  await connected(publisher);
  const listener = live.client.newSubscription('fast:during');
  await subscribed(listener);
  const before = await residentBytes();
  await cluster('pause');

  // Those who are in the middle of it, with their keys.
  const caught = await Promise.all(numbers(1, 200).map((number) => send(id, `during ${number}`)));
  assert.deepEqual([...new Set(caught.map(({ status }) => status))], [503]);
  assert.ok(caught.every(({ retryAfter }) => retryAfter >= 1));
  await until(async () => (await ready()) === 503);
  // Those who come later are told at once: many more than could wait.
  for (let round = 0; round < 20; round += 1) {
    const refused = await Promise.all(numbers(1, 100).map((number) => send(id, `late ${round} ${number}`)));
    assert.deepEqual([...new Set(refused.map(({ status }) => status))], [503]);
  }
  assert.ok(await residentBytes() < before + GROWTH_BYTES);

  // Over the socket it is an error that a client may try again; the connection and what is not kept go on.
  const refused = await publisher.publish('durable:news', { a: 1 }).catch((error) => error);
  assert.deepEqual([refused.code, refused.temporary], [100, true]);
  for (const number of numbers(1, 10)) {
    const heard = event(listener, 'publication');
    await publisher.publish('fast:during', { number });
    assert.deepEqual((await heard).data, { number });
  }
  assert.equal(live.client.state, 'connected');

  await cluster('resume');
  await until(async () => (await ready()) === 200);
  // The same keys again: what was stored after all is not stored twice.
  for (let left = caught.map(({ text }) => text), rounds = 0; left.length > 0; rounds += 1) {
    assert.ok(rounds < 20, `${left.length} messages are still refused`);
    const answers = await Promise.all(left.map((text) => send(id, text)));
    acknowledged.push(...answers.filter(({ status }) => status === 201));
    left = answers.filter(({ status }) => status !== 201).map(({ text }) => text);
    if (left.length > 0) await pause(500);
  }
  await publisher.publish('durable:news', { a: 2 });
  const stored = [];
  for (let page, last = 0; page?.hasMore ?? true; last = stored.at(-1).seq) {
    page = await bob.get(`/api/channels/${id}/messages?limit=200&since_seq=${last}`);
    stored.push(...page.messages);
  }
  assert.deepEqual(stored.map(({ seq }) => seq), numbers(1, stored.length), 'without a gap');
  for (const { seq, text } of acknowledged) assert.equal(stored[seq - 1].text, text);
  assert.equal(new Set(stored.map(({ text }) => text)).size, stored.length, 'nothing twice');
  // Whoever listened all the time has heard all of it, in order.
  await live.next('message.new', ({ message }) => message.seq === stored.length);
  const heard = live.events.filter(({ type }) => type === 'message.new').map(({ payload }) => payload.message.seq);
  assert.deepEqual(heard, numbers(1, stored.length - 1).filter((seq) => seq !== 5));
});

test('a node that starts while the cluster is away comes up when it is back', { timeout: 120_000 }, async () => {
  const { id } = await alice.group('Start', ['bob']);
  await alice.say(id, '1');
  await natter.crash();
  await cluster('pause');
  const launched = natter.launch().then(() => 'up', () => 'ended');
  await pause(2_000);
  await cluster('resume');
  if (await launched === 'ended') await natter.launch();
  const { maxSeq } = await bob.get(`/api/channels/${id}/messages?since_seq=0`);
  assert.equal(maxSeq, 1);
  assert.equal((await call(natter, 'GET', '/api/channels', { token: alice.token })).status, 200);
});
