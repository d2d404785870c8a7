// Who may connect to a node: users with a token of their tenant, shown in one of three ways.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { Natter } from '../support/natter.js';
import { connected, event, withEveryClient } from '../support/sockets.js';
import { inSeconds, token } from '../support/token.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

const node = () => ({ url: natter.http });

async function refusal(socket, { revision }) {
  const [error] = await event(socket, revision === 3 ? 'error' : 'connect_error');
  return revision === 3 ? error : error.data ?? error.message;
}

withEveryClient('a token in the query connects', node, async ({ open }) => {
  await connected(open('/', { query: { token: token({ sub: 'ada' }) } }));
});

withEveryClient('a token in a header connects', node, async ({ open }) => {
  const extraHeaders = { Authorization: `Bearer ${token({ sub: 'ada' })}` };
  await connected(open('/', { extraHeaders }));
});

withEveryClient('a forged token is refused', node, async ({ open, generation }) => {
  const socket = open('/', { query: { token: token({ sub: 'ada' }, 'not-the-secret-not-the-secret-not-it') } });
  assert.deepEqual(await refusal(socket, generation), { code: 'token_invalid' });
});

withEveryClient('an expired token is refused', node, async ({ open, generation }) => {
  const socket = open('/', { query: { token: token({ sub: 'ada', exp: inSeconds(-60) }) } });
  assert.deepEqual(await refusal(socket, generation), { code: 'token_expired' });
});

withEveryClient('no token is refused', node, async ({ open, generation }) => {
  assert.equal(await refusal(open(), generation), 'not authorized');
});

withEveryClient('an unknown namespace is refused', node, async ({ open, generation }) => {
  const socket = open('/nowhere', { query: { token: token({ sub: 'ada' }) } });
  assert.equal(await refusal(socket, generation), 'Invalid namespace');
});
