// A node is killed again and again while a partner's server refuses: every event arrives in the end, in the order of its
// room, under the id that it was tried with.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { Endpoint, REACHABLE } from '../support/endpoint.js';
import { pause } from '../support/natter.js';
import { Partner, startOpenChat, succeeds } from './support.js';

const run = promisify(execFile);
const ROOMS = 5;
const CRASHES = 3;
const MESSAGES_BETWEEN = 30;

let natter;
let endpoint;
before(async () => {
  endpoint = await Endpoint.start();
  natter = await startOpenChat(REACHABLE);
});
after(async () => {
  await natter.remove();
  endpoint.stop();
});

/** `natter webhooks …` against the running node. */
async function webhooks(...args) {
  const file = `${natter.folder}/data/admin.token`;
  const where = ['--internal', natter.internal, '--token-file', file];
  const { stdout } = await run(natter.program, ['webhooks', ...args, ...where], { cwd: natter.folder });
  return stdout;
}

test('nothing that was refused is lost when the node is killed', { timeout: 300_000 }, async () => {
  const partner = await Partner.register(natter);
  const rooms = [];
  for (let at = 0; at < ROOMS; at += 1) rooms.push(await partner.room('shop', `user_${at}`));
  succeeds(await partner.post('/v2/auth/webhook', { webhook_url: endpoint.url }), 200);
  endpoint.status = 503;
  const sent = new Map(rooms.map((room) => [room, []]));
  for (let crash = 0; crash < CRASHES; crash += 1) {
    const tried = endpoint.tries.length;
    await Promise.all(Array.from({ length: MESSAGES_BETWEEN }, async (_, at) => {
      const room_id = rooms[at % ROOMS];
      const body = { room_id, sender_by: 'shop', sender_id: 'shop', sender_name: 'Shop', message: `${crash}.${at}` };
      sent.get(room_id).push(succeeds(await partner.post('/v2/chats/send', body), 201).seq);
    }));
    await endpoint.until(() => endpoint.tries.length > tried);
    await natter.crash();
    await natter.launch();
  }
  // Nobody has used the rooms since: the start itself finds what the crash has cut short.
  const list = async () => JSON.parse(await webhooks('list', '--partner', partner.username, '--json', '--limit', '1000'));
  let listed = await list();
  for (let attempt = 0; attempt < 200 && listed.length < CRASHES * MESSAGES_BETWEEN; attempt += 1) {
    await pause(50);
    listed = await list();
  }
  // A crash may come between the job and the mark that it is there: then a room's newest event waits twice, under one id.
  assert.ok(listed.length >= CRASHES * MESSAGES_BETWEEN && listed.length <= CRASHES * (MESSAGES_BETWEEN + ROOMS));
  assert.ok(listed.every(({ state, host }) => state === 'waiting' && host === '127.0.0.1'));
  endpoint.status = 200;
  assert.match(await webhooks('retry', '--partner', partner.username), /0 dead deliveries queued again/);
  const told = () => endpoint.told.filter(({ username }) => username === partner.username);
  await endpoint.until(() => new Set(told().map(({ id }) => id)).size >= CRASHES * MESSAGES_BETWEEN);
  const nameOf = new Map();
  for (const { id, data } of endpoint.tries) {
    assert.equal(nameOf.get(id) ?? data._id, data._id, 'an id is one event');
    nameOf.set(id, data._id);
  }
  for (const room of rooms) {
    const inRoom = told().filter(({ data }) => data.room_id === room);
    const once = [...new Map(inRoom.map((event) => [event.id, event])).values()];
    const seqs = once.map(({ data }) => data.seq);
    assert.deepEqual(seqs, sent.get(room).toSorted((a, b) => a - b));
    const tried = endpoint.tries.filter(({ data }) => data.room_id === room);
    assert.equal(new Set(tried.map(({ id }) => id)).size, seqs.length, 'an event is never told under two ids');
  }
  const isDone = async () => (await webhooks('list', '--partner', partner.username, '--json')).trim() === '[]';
  for (let attempt = 0; attempt < 100 && !(await isDone()); attempt += 1) await pause(50);
  assert.ok(await isDone());
});
