// How often somebody may call: the document's numbers, and an app's own.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Natter } from '../support/natter.js';
import { call, refused, User } from './support/sdk.js';

let natter;
before(async () => {
  natter = await Natter.start({
    NATTER__LISTENERS__0__PLUGINS__1: 'chatsdk',
    NATTER__TENANTS__OTHER__LIMITS__MESSAGES_PER_MINUTE: '3',
  });
});
after(() => natter.remove());

const rate = ({ headers }) => ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`x-ratelimit-${name}`)));

test('the numbers of the document are in the headers', async () => {
  const tokens = await call(natter, 'POST', '/tokens', { body: { userId: 'ada' } });
  assert.equal(rate(tokens)[0], 100);
  const ada = Object.assign(new User(), { natter, key: 'demo-api-key', ...tokens.body });
  const made = await ada.call('POST', '/api/channels', { name: 'General', type: 'group' });
  assert.equal(rate(made)[0], 1_000);
  const [limit, remaining, reset] = rate(await ada.call('POST', `/api/channels/${made.body.id}/messages`, { text: 'a' }));
  assert.deepEqual([limit, remaining], [60, 59]);
  assert.ok(reset >= 1 && reset <= 60);
  for (const answer of [await ada.call('GET', '/api/nothing'), await call(natter, 'GET', '/api/channels', { key: null })]) {
    assert.equal(rate(answer)[0], 1_000);
  }
});

test('an app has limits of its own, for each of its users', async () => {
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((id) => User.sign(natter, id, {}, 'other-api-key')));
  const { id } = await ada.group('General', ['bob']);
  const send = (user) => user.call('POST', `/api/channels/${id}/messages`, { text: 'a' });
  // The minute may turn once meanwhile.
  const answers = [];
  for (let index = 0; index < 7; index += 1) answers.push(await send(ada));
  const last = answers.at(-1);
  refused(last, 429, 'RATE_LIMITED');
  assert.deepEqual(rate(last).slice(0, 2), [3, 0]);
  assert.ok(Number(last.headers.get('retry-after')) >= 1);
  assert.equal((await send(bob)).status, 201);
});
