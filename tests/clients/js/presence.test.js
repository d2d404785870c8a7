// Who is there, and who comes and goes.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { connected, dropConnection, event, freshChannel, inBothEncodings, subscribed } from './support/client.js';
import { Natter } from './support/natter.js';
import { token } from './support/token.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

inBothEncodings('presence names connections, their users and their information', () => natter, async ({ open, decode }) => {
  const channel = freshChannel();
  const ada = open({ token: token({ sub: 'ada', info: { team: 'red' } }) });
  const bob = open({ user: 'bob' });
  const [first] = await Promise.all([connected(ada), connected(bob)]);
  await subscribed(ada.newSubscription(channel));
  await subscribed(bob.newSubscription(channel));
  const { clients } = await bob.presence(channel);
  assert.equal(Object.keys(clients).length, 2);
  assert.equal(clients[first.client].user, 'ada');
  assert.deepEqual(decode(clients[first.client].connInfo), { team: 'red' });
});

inBothEncodings('presence counts users apart from connections', () => natter, async ({ open }) => {
  const channel = freshChannel();
  const clients = [open({ user: 'ada' }), open({ user: 'ada' }), open({ user: 'bob' })];
  for (const client of clients) {
    await connected(client);
    await subscribed(client.newSubscription(channel));
  }
  const stats = await clients[0].presenceStats(channel);
  assert.deepEqual([stats.numClients, stats.numUsers], [3, 2]);
});

inBothEncodings('joins and leaves are told to those that ask', () => natter, async ({ open }) => {
  const channel = freshChannel();
  const [watcher, guest] = [open({ user: 'watcher' }), open({ user: 'guest' })];
  await Promise.all([connected(watcher), connected(guest)]);
  const watching = watcher.newSubscription(channel, { joinLeave: true });
  const ownJoin = event(watching, 'join', ({ info }) => info.user === 'watcher');
  await subscribed(watching);
  await ownJoin;
  const join = event(watching, 'join', ({ info }) => info.user === 'guest');
  const visit = guest.newSubscription(channel);
  await subscribed(visit);
  const joined = await join;
  const leave = event(watching, 'leave', ({ info }) => info.user === 'guest');
  visit.unsubscribe();
  assert.equal((await leave).info.client, joined.info.client);
});

inBothEncodings('a namespace can tell joins without being asked', () => natter, async ({ open }) => {
  const channel = freshChannel('lobby');
  const [watcher, guest] = [open({ user: 'watcher' }), open({ user: 'guest' })];
  await Promise.all([connected(watcher), connected(guest)]);
  const watching = watcher.newSubscription(channel);
  await subscribed(watching);
  const join = event(watching, 'join', ({ info }) => info.user === 'guest');
  await subscribed(guest.newSubscription(channel));
  await join;
});

inBothEncodings('a broken connection leaves the channel', () => natter, async ({ open }) => {
  const channel = freshChannel();
  const [watcher, guest] = [open({ user: 'watcher' }), open({ user: 'guest', minReconnectDelay: 60_000, maxReconnectDelay: 60_000 })];
  await Promise.all([connected(watcher), connected(guest)]);
  const watching = watcher.newSubscription(channel, { joinLeave: true });
  await subscribed(watching);
  await subscribed(guest.newSubscription(channel));
  const leave = event(watching, 'leave', ({ info }) => info.user === 'guest');
  dropConnection(guest);
  await leave;
  assert.equal((await watcher.presenceStats(channel)).numClients, 1);
});
