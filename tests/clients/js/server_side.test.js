// Subscriptions that the server makes: from the token, for the user, and by the backend.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { connected, dropConnection, event, freshChannel, inBothEncodings, subscribed } from './support/client.js';
import { Natter } from './support/natter.js';
import { token } from './support/token.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

inBothEncodings("a token's channels are subscribed at once", () => natter, async ({ open, decode }) => {
  const channel = freshChannel();
  const client = open({ token: token({ sub: 'ada', channels: [channel] }) });
  const ready = event(client, 'subscribed', (context) => context.channel === channel);
  client.connect();
  assert.equal((await ready).recoverable, true);
  const arrived = event(client, 'publication', (context) => context.channel === channel);
  await natter.api('publish', { channel, data: { index: 1 } });
  assert.deepEqual(decode((await arrived).data), { index: 1 });
});

inBothEncodings("a token's subs bring data and information", () => natter, async ({ open, decode }) => {
  const channel = freshChannel();
  const subs = { [channel]: { info: { role: 'host' }, data: { welcome: true } } };
  const client = open({ token: token({ sub: 'ada', subs }) });
  const ready = event(client, 'subscribed', (context) => context.channel === channel);
  const { client: id } = await connected(client);
  assert.deepEqual(decode((await ready).data), { welcome: true });
  const { clients } = await client.presence(channel);
  assert.deepEqual(decode(clients[id].chanInfo), { role: 'host' });
});

inBothEncodings('a user has a personal channel', () => natter, async ({ open, decode }) => {
  const client = open({ user: 'personal' });
  const ready = event(client, 'subscribed', (context) => context.channel === '#personal');
  client.connect();
  await ready;
  const arrived = event(client, 'publication', (context) => context.channel === '#personal');
  await natter.api('publish', { channel: '#personal', data: { index: 1 } });
  assert.deepEqual(decode((await arrived).data), { index: 1 });
});

inBothEncodings('the backend subscribes and unsubscribes a user', () => natter, async ({ open, decode }) => {
  const channel = freshChannel();
  const client = open({ user: 'guided' });
  await connected(client);
  const ready = event(client, 'subscribed', (context) => context.channel === channel);
  await natter.api('subscribe', { user: 'guided', channel });
  await ready;
  const arrived = event(client, 'publication', (context) => context.channel === channel);
  await natter.api('publish', { channel, data: { index: 1 } });
  assert.deepEqual(decode((await arrived).data), { index: 1 });
  const done = event(client, 'unsubscribed', (context) => context.channel === channel);
  await natter.api('unsubscribe', { user: 'guided', channel });
  await done;
});

inBothEncodings('the backend ends a subscription that the client made, with 2000', () => natter, async ({ open }) => {
  const channel = freshChannel();
  const client = open({ user: 'cut' });
  await connected(client);
  const subscription = client.newSubscription(channel);
  await subscribed(subscription);
  const done = event(subscription, 'unsubscribed');
  await natter.api('unsubscribe', { user: 'cut', channel });
  assert.equal((await done).code, 2000);
});

inBothEncodings('server-side subscriptions recover too', () => natter, async ({ open, decode }) => {
  const channel = freshChannel();
  const client = open({
    token: token({ sub: 'ada', channels: [channel] }), minReconnectDelay: 1_000, maxReconnectDelay: 1_500,
  });
  const seen = [];
  client.on('publication', (context) => { if (context.channel === channel) seen.push(decode(context.data).index); });
  const ready = event(client, 'subscribed', (context) => context.channel === channel);
  client.connect();
  await ready;
  const first = event(client, 'publication');
  await natter.api('publish', { channel, data: { index: 1 } });
  await first;
  const away = event(client, 'connecting');
  const back = event(client, 'subscribed', (context) => context.channel === channel);
  const last = event(client, 'publication', ({ data }) => decode(data).index === 3);
  dropConnection(client);
  await away;
  for (const index of [2, 3]) await natter.api('publish', { channel, data: { index } });
  assert.equal((await back).recovered, true);
  await last;
  assert.deepEqual(seen, [1, 2, 3]);
});
