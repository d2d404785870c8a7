// A deployment moves from its folder to a cluster: stopped, moved (and interrupted while it is), started on the cluster.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { pause, storeSettings } from '../support/natter.js';
import { start, User } from '../chatsdk/support/sdk.js';

const run = promisify(execFile);

let natter;
before(async () => {
  natter = await start({ NATTER__STORE__KIND: 'embedded' });
});
after(() => natter.remove());

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('everything moves, also when the move is interrupted', { timeout: 180_000 }, async () => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((id) => User.sign(natter, id)));
  const rooms = await Promise.all(numbers(1, 10).map((number) => alice.group(`Room ${number}`, ['bob'])));
  for (const { id } of rooms) await Promise.all(numbers(1, 30).map((number) => alice.say(id, `message ${number}`)));
  const [first] = rooms;
  const said = await alice.say(first.id, 'to be changed', { clientId: 'once' });
  await alice.ok('PATCH', `/api/channels/${first.id}/messages/${said.id}`, { text: 'changed' });
  await bob.ok('POST', `/api/channels/${first.id}/messages/${said.id}/reactions`, { emoji: '👍' }, 201);
  await bob.ok('POST', `/api/channels/${rooms[1].id}/read`);
  const everything = () => Promise.all([
    bob.get('/api/channels?limit=50'), bob.get('/api/channels/unread-count'),
    ...rooms.map(({ id }) => bob.get(`/api/channels/${id}/messages?limit=200&since_seq=0`)),
  ]);
  const before = await everything();
  assert.equal(await natter.shutDown(), 0);

  const settings = storeSettings();
  const env = { ...process.env, ...settings, NATTER__STORE__PATH: join(natter.folder, 'data') };
  const args = ['migrate', '--from', 'embedded', '--to', 'scylla'];
  const interrupted = spawn(natter.program, args, { cwd: natter.folder, env, stdio: 'ignore' });
  const ended = once(interrupted, 'exit');
  await Promise.race([pause(1_500), ended]);
  interrupted.kill('SIGKILL');
  await ended;
  const { stdout } = await run(natter.program, args, { cwd: natter.folder, env });
  const [from, to, verdict] = stdout.trim().split('\n');
  assert.match(from, /^embedded: \d+ rows, 1\d logs, \d+ events, \d+ keys in force, checksum [0-9a-f]{32}$/);
  const content = (line) => line.replace(/^\w+: /, '').replace(/\d+ keys in force, /, '');
  assert.deepEqual([content(to), verdict], [content(from), 'equal']);

  Object.assign(natter.settings, settings);
  await natter.launch();
  assert.deepEqual(await everything(), before);
  const again = await alice.call('POST', `/api/channels/${first.id}/messages`, { text: 'to be changed', clientId: 'once' });
  assert.equal(again.body.id, said.id, 'a repeat is still known');
  assert.equal((await alice.say(first.id, 'after')).seq, 32);
});
