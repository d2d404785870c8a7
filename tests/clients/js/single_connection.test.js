// A user may have one connection: the newest ends those before it.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { connected, event, inBothEncodings } from './support/client.js';
import { Natter } from './support/natter.js';

const AT_ONCE = 8;

let natter;
before(async () => {
  natter = await Natter.start({
    NATTER__PLUGINS__CENTRIFUGO__SUBSCRIBE_TO_USER_PERSONAL_CHANNEL__SINGLE_CONNECTION: 'true',
    NATTER__LIMITS__MAX_CONNECTIONS_PER_USER: '1',
  });
});
after(() => natter.remove());

inBothEncodings('a new connection ends the one before', () => natter, async ({ open, encoding }) => {
  const [user, other] = [`single-${encoding.name}`, `other-${encoding.name}`];
  const [first, bystander] = [open({ user }), open({ user: other })];
  await Promise.all([connected(first), connected(bystander)]);
  const ended = event(first, 'disconnected');
  const second = open({ user });
  await connected(second);
  assert.deepEqual(await ended.then(({ code, reason }) => ({ code, reason })), { code: 3504, reason: 'connection limit' });
  assert.equal(first.state, 'disconnected');
  const arrived = event(second, 'publication');
  await natter.api('publish', { channel: `#${user}`, data: { index: 1 } });
  await arrived;
  assert.deepEqual([second.state, bystander.state], ['connected', 'connected']);
});

inBothEncodings('of many at once one stays', () => natter, async ({ open, encoding }) => {
  const user = `crowd-${encoding.name}`;
  const clients = Array.from({ length: AT_ONCE }, () => open({ user }));
  let gone = 0;
  const enough = new Promise((resolve) => {
    clients.forEach((client) => client.on('disconnected', () => {
      gone += 1;
      if (gone === AT_ONCE - 1) resolve();
    }));
  });
  clients.forEach((client) => client.connect());
  await enough;
  const [last] = clients.filter((client) => client.state !== 'disconnected');
  await last.ready(15_000);
  const arrived = event(last, 'publication');
  await natter.api('publish', { channel: `#${user}`, data: { index: 1 } });
  await arrived;
  assert.deepEqual([last.state, gone], ['connected', AT_ONCE - 1]);
});
