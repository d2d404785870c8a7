// A node whose disk takes no more: the API says 503 with Retry-After in its own shape, `/readyz` says why, and what had
// been acknowledged is there after a restart.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { call, refused, start, User } from './support/sdk.js';

const LIMIT_BYTES = 200_000;
const BEFORE = 60;

/** A text that no compression makes small. */
const text = () => randomBytes(6_750).toString('base64');

let natter;
// It is about a disk, so there is one, wherever the other tests keep things.
before(async () => { natter = await start({ NATTER__STORE__KIND: 'embedded' }); });
after(() => natter.remove());

/** Restarts the node so that it survives a write past the limit on the size of files, which is then set. */
async function limitFiles() {
  const program = join(natter.folder, 'natter-without-sigxfsz');
  writeFileSync(program, `#!/bin/sh\ntrap '' XFSZ\nexec '${natter.program}' "$@"\n`);
  chmodSync(program, 0o755);
  await natter.shutDown();
  const own = natter.program;
  natter.program = program;
  await natter.launch();
  natter.program = own;
}

test('a disk that takes nothing', async () => {
  await limitFiles();
  const alice = await User.sign(natter, 'alice', { name: 'Alice' });
  const { id } = await alice.group('Full');
  const path = `/api/channels/${id}/messages`;
  // The journal grows past the limit, before there is one.
  for (let at = 0; at < BEFORE; at += 1) await alice.say(id, text());
  execFileSync('prlimit', ['--pid', String(natter.process.pid), `--fsize=${LIMIT_BYTES}`]);
  const answers = [];
  for (let at = 0; at < 5; at += 1) answers.push(await alice.call('POST', path, { text: text() }));
  const last = answers.at(-1);
  assert.deepEqual(answers.map(({ status }) => status).filter((status) => status !== 201 && status !== 503), []);
  assert.equal(last.status, 503);
  refused(last, 503, 'UNAVAILABLE');
  assert.match(last.headers.get('retry-after'), /^[1-9]\d*$/);
  const token = await call(natter, 'POST', '/tokens', { body: { userId: 'newcomer' } });
  refused(token, 503, 'UNAVAILABLE');
  const ready = await fetch(`${natter.internal}/readyz`);
  assert.equal(ready.status, 503);
  assert.ok((await ready.text()).includes('store'));

  await natter.crash();
  await natter.launch();
  const kept = BEFORE + answers.filter(({ status }) => status === 201).length;
  const { messages, maxSeq } = await alice.get(`${path}?limit=200`);
  assert.ok(maxSeq >= kept, `${maxSeq} of ${kept}`);
  assert.deepEqual(messages.map(({ seq }) => seq), Array.from({ length: maxSeq }, (_, at) => at + 1));
  assert.equal((await alice.say(id, 'it takes again')).seq, maxSeq + 1);
});
