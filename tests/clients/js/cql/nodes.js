// Each of three nodes of the cluster is killed in turn, and one is paused for half a minute, while users send. Nothing that
// was acknowledged is missing, nothing is there twice, and there is no gap.

import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { pause } from '../support/natter.js';
import { start, User } from '../chatsdk/support/sdk.js';
import { cluster } from './cluster.js';

const SENDERS = 8;
const ROOMS = 3;
/** Longer than any answer may take. */
const PATIENCE_MS = 40_000;
/** How often one message is sent at most. */
const ATTEMPTS_MAX = 100;

let natter;
let users;
before(async () => {
  natter = await start();
  users = await Promise.all(Array.from({ length: SENDERS }, (_, index) => User.sign(natter, `user-${index}`)));
});
after(async () => {
  if (process.env.NATTER_TEST_LOG) await copyFile(`${natter.folder}/log`, process.env.NATTER_TEST_LOG);
  await cluster('resume', 2).catch(() => {});
  await natter.remove();
});

class Senders {
  constructor(rooms) {
    Object.assign(this, { rooms, acknowledged: [], refused: 0, going: true });
    this.done = Promise.all(users.map((user, index) => this.run(user, index)));
  }

  async run(user, index) {
    for (let number = 0; this.going; number += 1) {
      const room = this.rooms[(index + number) % this.rooms.length];
      const text = `${index}-${number}`;
      this.acknowledged.push({ room, text, ...(await this.insist(user, room, text)) });
    }
  }

  /** Sends under one key until it is acknowledged. */
  async insist(user, room, text) {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const answer = await fetch(`${natter.http}/api/channels/${room}/messages`, {
        method: 'POST',
        headers: {
          'X-API-Key': 'demo-api-key', Authorization: `Bearer ${user.token}`, 'Content-Type': 'application/json',
          'Idempotency-Key': `key-${text}`,
        },
        body: JSON.stringify({ text }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const body = await answer.json();
      if (answer.status === 201) return { seq: body.seq, id: body.id };
      assert.ok([409, 503].includes(answer.status), `${answer.status}: ${JSON.stringify(body)}`);
      this.refused += 1;
      await pause(200);
    }
    throw new Error(`${text} was refused ${ATTEMPTS_MAX} times`);
  }

  /** Waits until so many more messages have been acknowledged. */
  async progress(count) {
    const wanted = this.acknowledged.length + count;
    for (let waited = 0; this.acknowledged.length < wanted; waited += 100) {
      assert.ok(waited < 180_000, `${this.acknowledged.length} of ${wanted} were acknowledged`);
      await pause(100);
    }
  }
}

/** A busy machine may take longer than natter waits; then it is tried again. */
async function makeRoom(name) {
  const members = users.slice(1).map(({ id }) => id);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { status, body } = await users[0].call('POST', '/api/channels', { name, type: 'group', memberIds: members });
    if (status === 201) return body.id;
    assert.equal(status, 503);
    await pause(500);
  }
  throw new Error(`${name} could not be made`);
}

test('nodes are killed and paused under load', { timeout: 900_000 }, async (context) => {
  const rooms = [];
  for (let room = 0; room < ROOMS; room += 1) {
    rooms.push(await makeRoom(`Room ${room}`));
  }
  const senders = new Senders(rooms);
  const failed = senders.done.catch((error) => error);
  await senders.progress(50);
  for (const node of [1, 2, 3]) {
    await cluster('kill', node);
    await senders.progress(50);
    await cluster('revive', node);
    await senders.progress(50);
  }
  await cluster('pause', 2);
  await pause(30_000);
  await senders.progress(20);
  await cluster('resume', 2);
  await senders.progress(50);
  senders.going = false;
  const ended = await failed;
  if (ended instanceof Error) throw ended;

  const stored = new Map();
  for (const room of rooms) {
    const messages = [];
    for (let page, last = 0; page?.hasMore ?? true; last = messages.at(-1).seq) {
      page = await users[1].get(`/api/channels/${room}/messages?limit=200&since_seq=${last}`);
      messages.push(...page.messages);
    }
    assert.deepEqual(messages.map(({ seq }) => seq), messages.map((_, index) => index + 1), 'without a gap');
    assert.equal(new Set(messages.map(({ text }) => text)).size, messages.length, 'nothing twice');
    stored.set(room, messages);
  }
  for (const { room, seq, text, id } of senders.acknowledged) {
    const { text: found, id: foundId } = stored.get(room)[seq - 1];
    assert.deepEqual([found, foundId], [text, id]);
  }
  const total = [...stored.values()].flat().length;
  context.diagnostic(`${senders.acknowledged.length} acknowledged, ${total} stored, ${senders.refused} refusals`);
  assert.equal(total, senders.acknowledged.length);
});
