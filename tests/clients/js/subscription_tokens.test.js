// Channels that open with a token only, and the refresh of those tokens.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { connected, event, freshChannel, inBothEncodings, subscribed } from './support/client.js';
import { Natter, pause } from './support/natter.js';
import { inSeconds, token } from './support/token.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

inBothEncodings('a token opens its channel and carries information', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('private');
  const client = open();
  const { client: id } = await connected(client);
  const pass = token({ sub: 'ada', channel, info: { role: 'host' }, data: { hello: 'there' } });
  const subscription = client.newSubscription(channel, { token: pass });
  const context = await subscribed(subscription);
  assert.deepEqual(decode(context.data), { hello: 'there' });
  const { clients } = await subscription.presence();
  assert.deepEqual(decode(clients[id].chanInfo), { role: 'host' });
  const arrived = event(subscription, 'publication');
  await subscription.publish(encode({ index: 1 }));
  assert.deepEqual(decode((await arrived).data), { index: 1 });
});

inBothEncodings('a forged subscription token is error 103', () => natter, async ({ open }) => {
  const channel = freshChannel('private');
  const client = open();
  await connected(client);
  const pass = token({ sub: 'ada', channel }, 'not-the-secret-not-the-secret-not-it');
  const subscription = client.newSubscription(channel, { token: pass });
  const refused = event(subscription, 'unsubscribed');
  subscription.subscribe();
  assert.equal((await refused).code, 103);
});

inBothEncodings('a token of another channel ends the connection with 3500', () => natter, async ({ open }) => {
  const client = open();
  await connected(client);
  const pass = token({ sub: 'ada', channel: freshChannel('private') });
  const gone = event(client, 'disconnected');
  client.newSubscription(freshChannel('private'), { token: pass }).subscribe();
  assert.equal((await gone).code, 3500);
});

inBothEncodings('a token of another user ends the connection with 3500', () => natter, async ({ open }) => {
  const channel = freshChannel('private');
  const client = open();
  await connected(client);
  const gone = event(client, 'disconnected');
  client.newSubscription(channel, { token: token({ sub: 'bob', channel }) }).subscribe();
  assert.equal((await gone).code, 3500);
});

inBothEncodings('an expired subscription token makes the client fetch a new one', () => natter, async ({ open }) => {
  const channel = freshChannel('private');
  const client = open();
  await connected(client);
  let asked = 0;
  const subscription = client.newSubscription(channel, {
    token: token({ sub: 'ada', channel, exp: inSeconds(-60) }),
    getToken: async () => { asked += 1; return token({ sub: 'ada', channel }); },
  });
  await subscribed(subscription);
  assert.equal(asked, 1);
});

inBothEncodings('a subscription refreshes its token and stays', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('private');
  const client = open();
  await connected(client);
  let asked = 0;
  const subscription = client.newSubscription(channel, {
    token: token({ sub: 'ada', channel, exp: inSeconds(3) }),
    getToken: async () => { asked += 1; return token({ sub: 'ada', channel, exp: inSeconds(600), info: { role: 'host' } }); },
  });
  await subscribed(subscription);
  let left = false;
  subscription.on('subscribing', () => { left = true; });
  await pause(5_500);
  assert.equal(asked, 1);
  assert.equal(left, false);
  assert.equal(subscription.state, 'subscribed');
  const arrived = event(subscription, 'publication');
  await subscription.publish(encode('still here'));
  assert.deepEqual(decode((await arrived).info.chanInfo), { role: 'host' });
});

inBothEncodings('what a token says of a publisher is shown where nobody is listed, too', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('fast');
  const client = open();
  await connected(client);
  const subscription = client.newSubscription(channel, { token: token({ sub: 'ada', channel, info: { role: 'host' } }) });
  await subscribed(subscription);
  const arrived = event(subscription, 'publication');
  await subscription.publish(encode('hello'));
  assert.deepEqual(decode((await arrived).info.chanInfo), { role: 'host' });
});

inBothEncodings('a channel with the private prefix needs a token', () => natter, async ({ open }) => {
  const channel = `$${freshChannel()}`;
  const client = open();
  await connected(client);
  const bare = client.newSubscription(channel);
  const refused = event(bare, 'unsubscribed');
  bare.subscribe();
  assert.equal((await refused).code, 103);
  client.removeSubscription(bare);
  await subscribed(client.newSubscription(channel, { token: token({ sub: 'ada', channel }) }));
});
