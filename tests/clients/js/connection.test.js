// Connecting, what the answer says, pings, refused tokens, and codes of disconnects.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { connected, event, freshChannel, inBothEncodings, subscribed } from './support/client.js';
import { Natter, pause } from './support/natter.js';
import { DEMO_SECRET, OTHER_SECRET, inSeconds, token } from './support/token.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

inBothEncodings('a good token connects', () => natter, async ({ open }) => {
  const context = await connected(open());
  assert.match(context.client, UUID);
  assert.equal(context.transport, 'websocket');
});

inBothEncodings('a client that is disconnected can connect again', () => natter, async ({ open }) => {
  const client = open();
  const first = await connected(client);
  const gone = event(client, 'disconnected');
  client.disconnect();
  assert.equal((await gone).code, 0);
  assert.notEqual((await connected(client)).client, first.client);
});

inBothEncodings('a connection outlives several pings', () => natter, async ({ open }) => {
  const client = open();
  await connected(client);
  let left = false;
  client.on('connecting', () => { left = true; });
  await pause(9_000);
  assert.equal(left, false);
  assert.equal(client.state, 'connected');
});

inBothEncodings('a forged token ends with 3500', () => natter, async ({ open }) => {
  const client = open({ token: token({ sub: 'ada' }, 'not-the-secret-not-the-secret-not-it') });
  const gone = event(client, 'disconnected');
  client.connect();
  assert.equal((await gone).code, 3500);
});

inBothEncodings("another tenant's key does not open this tenant", () => natter, async ({ open }) => {
  const client = open({ token: token({ sub: 'ada', aud: 'demo' }, OTHER_SECRET) });
  const gone = event(client, 'disconnected');
  client.connect();
  assert.equal((await gone).code, 3500);
});

inBothEncodings('an unsigned token is refused', () => natter, async ({ open }) => {
  const [, payload] = token({ sub: 'ada' }).split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  const client = open({ token: `${header}.${payload}.` });
  const gone = event(client, 'disconnected');
  client.connect();
  assert.equal((await gone).code, 3500);
});

inBothEncodings('no token and no anonymous access ends the connection for good', () => natter, async ({ open }) => {
  const client = open({ token: '' });
  const gone = event(client, 'disconnected');
  client.connect();
  assert.equal((await gone).code, 3501);
});

inBothEncodings('an expired token makes the client fetch a new one', () => natter, async ({ open }) => {
  let asked = 0;
  const client = open({
    token: token({ sub: 'ada', exp: inSeconds(-60) }),
    getToken: async () => { asked += 1; return token({ sub: 'ada', exp: inSeconds(600) }); },
  });
  await connected(client);
  assert.equal(asked, 1);
});

inBothEncodings('a connection refreshes its token before it expires', () => natter, async ({ open, encode, decode }) => {
  let asked = 0;
  const client = open({
    token: token({ sub: 'ada', exp: inSeconds(3) }),
    getToken: async () => { asked += 1; return token({ sub: 'ada', exp: inSeconds(600), info: { seat: 2 } }); },
  });
  await connected(client);
  const subscription = client.newSubscription(freshChannel());
  await subscribed(subscription);
  let left = false;
  client.on('connecting', () => { left = true; });
  await pause(5_500);
  assert.equal(asked, 1);
  assert.equal(left, false);
  const arrived = event(subscription, 'publication');
  await subscription.publish(encode('still here'));
  assert.deepEqual(decode((await arrived).info.connInfo), { seat: 2 });
});

inBothEncodings('a token for somebody else cannot refresh a connection', () => natter, async ({ open }) => {
  const client = open({
    token: token({ sub: 'ada', exp: inSeconds(3) }),
    getToken: async () => token({ sub: 'bob', exp: inSeconds(600) }),
  });
  await connected(client);
  assert.equal((await event(client, 'disconnected')).code, 3500);
});

inBothEncodings('the backend disconnects a user with a code of its own', () => natter, async ({ open }) => {
  const client = open({ user: 'to-be-disconnected' });
  await connected(client);
  const gone = event(client, 'disconnected');
  await natter.api('disconnect', { user: 'to-be-disconnected', disconnect: { code: 4501, reason: 'leave' } });
  const context = await gone;
  assert.deepEqual([context.code, context.reason], [4501, 'leave']);
});

inBothEncodings("the backend's plain disconnect is 3503 and final", () => natter, async ({ open }) => {
  const client = open({ user: 'to-be-forced' });
  await connected(client);
  const gone = event(client, 'disconnected');
  await natter.api('disconnect', { user: 'to-be-forced' });
  assert.equal((await gone).code, 3503);
});

inBothEncodings('a code of 4000 makes the client come back', () => natter, async ({ open }) => {
  const client = open({ user: 'to-come-back' });
  await connected(client);
  const left = event(client, 'connecting', (context) => context.code === 4000);
  const back = event(client, 'connected');
  await natter.api('disconnect', { user: 'to-come-back', disconnect: { code: 4000, reason: 'again' } });
  await left;
  await back;
});

inBothEncodings('tenants do not meet in a channel of the same name', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel();
  const stranger = open({ token: token({ sub: 'ada', aud: 'other' }, OTHER_SECRET) });
  const client = open({ token: token({ sub: 'ada', aud: 'demo' }, DEMO_SECRET) });
  await Promise.all([connected(stranger), connected(client)]);
  const foreign = stranger.newSubscription(channel);
  let leaked = false;
  foreign.on('publication', () => { leaked = true; });
  const own = client.newSubscription(channel);
  await Promise.all([subscribed(foreign), subscribed(own)]);
  const arrived = event(own, 'publication');
  await client.publish(channel, encode({ secret: true }));
  assert.deepEqual(decode((await arrived).data), { secret: true });
  assert.equal((await foreign.history({ limit: 10 })).publications.length, 0);
  assert.equal(leaked, false);
});
