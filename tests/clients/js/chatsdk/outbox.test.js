// The queue of work after the answer, over crashes of a real node: nothing is lost or overtaken, and what was given up is
// listed and can be done again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Endpoint, REACHABLE } from '../support/endpoint.js';
import { pause } from '../support/natter.js';
import { call, start, User } from './support/sdk.js';

const CHANNELS = 3;
const MESSAGES = 20;
const CRASHES = 3;

let natter;
let endpoint;
let alice;
before(async () => {
  endpoint = await Endpoint.start();
  natter = await start(REACHABLE);
  alice = await User.sign(natter, 'alice', { name: 'Alice' });
});
after(async () => {
  await natter.remove();
  await endpoint.stop();
});

async function eventually(look, what) {
  for (let attempt = 0; attempt < 1200; attempt += 1) {
    if (await look()) return;
    await pause(50);
  }
  throw new Error(`never: ${what}`);
}

/** A channel whose making the server has been told of. */
async function channels(count) {
  endpoint.status = 200;
  const set = await call(natter, 'PUT', '/api/webhooks', { body: { url: endpoint.url } });
  assert.equal(set.status, 200, set.text);
  Object.assign(endpoint, { told: [], tries: [] });
  await eventually(isIdle, 'an empty queue');
  const made = [];
  for (let at = 0; at < count; at += 1) made.push((await alice.group(`Queue ${at}`)).id);
  await endpoint.reach(endpoint.told, count);
  Object.assign(endpoint, { told: [], tries: [] });
  return made;
}

/** Each event once, at the place where it came first: what a crash interrupts may be told again, under the same id. */
const distinct = (events) => [...new Map(events.map((each) => [each.id, each])).values()];

const isIdle = async () => (await natter.outbox('list', '--waiting')).length === 0;

test('what is queued while nobody listens is told after crashes: all of it, in order', async () => {
  const made = await channels(CHANNELS);
  await endpoint.stop();
  for (let round = 0; round < CRASHES; round += 1) {
    const sends = made.flatMap((id) => Array.from({ length: MESSAGES }, (_, at) => [id, `${round}/${at}`]));
    await Promise.all(made.map(async (channel) => {
      for (const [id, text] of sends.filter(([each]) => each === channel)) await alice.say(id, text);
    }));
    await natter.crash();
    await natter.launch();
  }
  const all = CHANNELS * MESSAGES * CRASHES;
  await endpoint.resume();
  await eventually(() => distinct(endpoint.told).length >= all, `${all} events`);
  await eventually(isIdle, 'an empty queue');
  const told = distinct(endpoint.told);
  assert.equal(told.length, all);
  for (const channel of made) {
    const seqs = told.filter(({ data }) => data.channelId === channel).map(({ data }) => data.message.seq);
    assert.deepEqual(seqs, Array.from({ length: MESSAGES * CRASHES }, (_, at) => at + 1));
  }
  assert.deepEqual(await natter.outbox('list'), []);
});

test('a crash while the server is told: nothing is lost, nothing overtaken, repeats have the same id', async () => {
  const [channel] = await channels(1);
  for (let at = 0; at < MESSAGES; at += 1) await alice.say(channel, `text ${at}`);
  await endpoint.reach(endpoint.told, 3);
  await natter.crash();
  await natter.launch();
  await eventually(() => distinct(endpoint.told).length >= MESSAGES, 'all events');
  const seqs = distinct(endpoint.told).map(({ data }) => data.message.seq);
  assert.deepEqual(seqs, Array.from({ length: MESSAGES }, (_, at) => at + 1));
  const ids = new Set(endpoint.told.map(({ id, data }) => `${id} ${data.message.id}`));
  assert.equal(ids.size, MESSAGES);
});

test('what was given up is listed, also after a crash, and done when it is asked for', async () => {
  const [channel] = await channels(1);
  endpoint.status = 410;
  for (const text of ['one', 'two']) await alice.say(channel, text);
  await eventually(async () => (await natter.outbox('list')).length >= 2, 'two dead jobs');
  await natter.crash();
  await natter.launch();
  const dead = await natter.outbox('list', '--kind', 'webhook', '--tenant', 'demo');
  assert.ok(dead.length >= 2);
  for (const { tenant, reason } of dead) assert.deepEqual([tenant, reason], ['demo', 'the endpoint answered 410']);
  await eventually(isIdle, 'an empty queue');
  assert.deepEqual(await natter.outbox('list', '--tenant', 'other'), []);
  endpoint.status = 200;
  endpoint.told.length = 0;
  await natter.command('outbox', 'retry', '--all', '--kind', 'webhook');
  const isMine = ({ event, data }) => event === 'message.new' && data.channelId === channel;
  const texts = () => distinct(endpoint.told.filter(isMine)).map(({ data }) => data.message.text);
  await eventually(() => texts().length >= 2, 'both events');
  assert.deepEqual(texts().toSorted(), ['one', 'two']);
  await eventually(async () => (await natter.outbox('list')).length === 0, 'no dead job');
});
