// Notifications for those who are away, through local stand-ins of FCM, APNs, Expo and Novu.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { pause } from '../support/natter.js';
import { Providers } from './support/providers.js';
import { start, User } from './support/sdk.js';

const ATTEMPTS = 600;
const PAUSE_MS = 50;

let natter;
let providers;
let alice;
before(async () => {
  providers = await Providers.start();
  natter = await start({
    ...providers.settings,
    NATTER__WEBHOOKS__RETRY_INITIAL_MS: '50',
    NATTER__WEBHOOKS__RETRY_MAX_MS: '200',
  });
  alice = await User.sign(natter, 'alice', { name: 'Alice' });
});
after(async () => {
  await natter.remove();
  await providers.stop();
});

/** The first value that is there. */
async function eventually(look, what) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await look();
    if (found) return found;
    await pause(PAUSE_MS);
  }
  throw new Error(`never: ${what}`);
}

/** A user with a device. */
async function owner(id, platform, provider, token) {
  const user = await User.sign(natter, id, { name: id });
  await user.ok('POST', '/api/devices', { platform, provider, token }, 201);
  return user;
}

const devices = async (user) => (await user.get('/api/devices')).devices;

/** A message of Alice's that the user is notified of. */
async function tell(user, text) {
  const { id } = await alice.ok('POST', '/api/channels', { type: 'messaging', memberIds: [user.id] }, 201);
  return { channel: id, message: (await alice.say(id, text)).id };
}

test('each provider is asked in its own form, and signed', async () => {
  const users = await Promise.all([
    owner('fay', 'android', 'fcm', 'fcm-token'),
    owner('ann', 'ios', 'apns', 'a1b2c3'),
    owner('exa', 'expo', 'expo', 'ExponentPushToken[exa]'),
  ]);
  const sent = {};
  for (const user of users) sent[user.id] = await tell(user, `Hello ${user.id}`);
  const data = ({ channel, message }) => ({ channelId: channel, messageId: message });

  const fcm = await eventually(() => providers.fcm.find(({ token }) => token === 'fcm-token'), 'FCM');
  assert.deepEqual(fcm.notification, { title: 'Alice', body: 'Hello fay' });
  assert.deepEqual(fcm.data, data(sent.fay));

  const apns = await eventually(() => providers.apns.find(({ token }) => token === 'a1b2c3'), 'APNs');
  assert.deepEqual(apns.aps.alert, { title: 'Alice', body: 'Hello ann' });
  assert.deepEqual([apns.channelId, apns.messageId], [sent.ann.channel, sent.ann.message]);

  const expo = await eventually(() => providers.expo.find(({ to }) => to === 'ExponentPushToken[exa]'), 'Expo');
  assert.deepEqual([expo.title, expo.body, expo.data], ['Alice', 'Hello exa', data(sent.exa)]);

  const novu = await eventually(() => providers.novu.find(({ to }) => to.subscriberId === 'ann'), 'Novu');
  assert.deepEqual([novu.payload.title, novu.payload.body], ['Alice', 'Hello ann']);
  assert.deepEqual(providers.unsound, []);
});

test('a device that its provider calls gone is dropped', async () => {
  const users = await Promise.all([
    owner('fcm-gone', 'android', 'fcm', 'fcm-gone'),
    owner('apns-gone', 'ios', 'apns', 'dead'),
    owner('expo-gone', 'expo', 'expo', 'ExponentPushToken[gone]'),
  ]);
  for (const user of users) {
    await tell(user, 'Are you there?');
    await eventually(async () => (await devices(user)).length === 0, `${user.id} has no device`);
  }
});

test('a device that Expo calls gone later is dropped then, and one that is there stays', async () => {
  const late = await owner('late', 'expo', 'expo', 'ExponentPushToken[late]');
  const fine = await owner('fine', 'expo', 'expo', 'ExponentPushToken[fine]');
  for (const user of [late, fine]) await tell(user, 'Hello');
  await eventually(() => providers.expo.find(({ to }) => to.includes('late')), 'the ticket');
  await eventually(async () => (await devices(late)).length === 0, 'the device is dropped');
  await eventually(() => providers.receipts['receipt-fine'], 'the receipt is asked for');
  assert.equal((await devices(fine)).length, 1);
});

test('what Novu refuses is listed as given up', async () => {
  const nobody = await User.sign(natter, 'nobody', { name: 'Nobody' });
  await tell(nobody, 'Hello');
  const [job] = await eventually(async () => {
    const jobs = await natter.outbox('list', '--kind', 'push');
    return jobs.length > 0 && jobs;
  }, 'a job that was given up');
  assert.deepEqual([job.host, job.tenant, job.attempts], ['novu', 'demo', 0]);
  assert.ok(job.reason.includes('workflow_not_found'), job.reason);
});

test('preferences come with those of Novu', async () => {
  const ann = await User.sign(natter, 'ann');
  const { preferences, novuPreferences } = await ann.get('/api/devices/preferences');
  assert.equal(preferences.pushEnabled, true);
  assert.deepEqual(novuPreferences.channels, [{ type: 'email', enabled: false }, { type: 'push', enabled: true }]);
  assert.equal(novuPreferences.workflows[0].workflow.identifier, 'natter-message');
  const unknown = await User.sign(natter, 'unknown-to-novu');
  assert.deepEqual((await unknown.get('/api/devices/preferences')).novuPreferences, { channels: [], workflows: [] });
});

test('who is here, has muted the channel, or wants none is not notified', async () => {
  const here = await owner('here', 'android', 'fcm', 'fcm-here');
  const muted = await owner('muted', 'android', 'fcm', 'fcm-muted');
  const unwilling = await owner('unwilling', 'android', 'fcm', 'fcm-unwilling');
  const away = await owner('away', 'android', 'fcm', 'fcm-away');
  const channel = await alice.group('All of them', ['here', 'muted', 'unwilling', 'away']);
  await muted.ok('PATCH', `/api/channels/${channel.id}/settings`, { muted: true });
  await unwilling.ok('PATCH', '/api/devices/preferences', { newMessages: false });
  const live = await here.connect();
  await alice.say(channel.id, 'only one of you');
  await eventually(() => providers.fcm.find(({ token, notification }) => token === 'fcm-away' && notification.body === 'only one of you'), 'a push');
  await eventually(async () => (await natter.outbox('list', '--waiting', '--kind', 'push')).length === 0, 'nothing waits');
  const reached = providers.fcm.filter(({ notification }) => notification.body === 'only one of you');
  assert.deepEqual(reached.map(({ token }) => token), ['fcm-away']);
  live.close();
});
