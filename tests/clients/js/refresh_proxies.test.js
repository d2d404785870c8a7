// Connections and subscriptions that expire: the tenant's backend says whether they go on, and their clients see nothing of it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { Backend } from './support/backend.js';
import { connected, event, freshChannel, inBothEncodings, subscribed } from './support/client.js';
import { Commands } from './support/commands.js';
import { Natter } from './support/natter.js';
import { inSeconds, token } from './support/token.js';

const bounded = { timeout: 60_000 };
const PLUGIN = 'NATTER__PLUGINS__CENTRIFUGO';

let natter;
let backend;

/** What the backend says of each user that has expired, one answer after the other; the last one stays. */
const scripts = new Map();

function whoSays(...answers) {
  const user = `user-${randomUUID()}`;
  scripts.set(user, answers);
  return user;
}

function answer({ user }) {
  const script = scripts.get(user);
  const say = script.length > 1 ? script.shift() : script[0];
  return say();
}

const goesOn = (seconds, more = {}) => () => ({ result: { expire_at: inSeconds(seconds), ...more } });
const endsWith = (code) => () => ({ disconnect: { code, reason: 'enough' } });
const saysNothing = () => undefined;

/** All the ways of a backend to let something end. */
const ENDS = [
  () => ({ result: { expired: true, expire_at: inSeconds(600) } }),
  () => ({}),
  () => ({ error: { code: 1000, message: 'no' } }),
  goesOn(-1),
];

before(async () => {
  backend = await Backend.start({
    connect: ({ data }) => ({ result: { user: data.user, expire_at: inSeconds(data.seconds ?? 2), info: { seat: 1 }, meta: { visit: 1 } } }),
    refresh: answer,
    subscribe: ({ data }) => ({ result: { expire_at: inSeconds(data?.seconds ?? 2), info: { role: 'guest' } } }),
    sub_refresh: answer,
  });
  const proxy = (name) => `${PLUGIN}__CLIENT__PROXY__${name}`;
  natter = await Natter.start({
    [`${proxy('CONNECT')}__ENABLED`]: 'true',
    [`${proxy('CONNECT')}__ENDPOINT`]: backend.url('connect'),
    [`${proxy('REFRESH')}__ENABLED`]: 'true',
    [`${proxy('REFRESH')}__ENDPOINT`]: backend.url('refresh'),
    [`${proxy('REFRESH')}__INCLUDE_CONNECTION_META`]: 'true',
    [`${PLUGIN}__CHANNEL__PROXY__SUBSCRIBE__ENDPOINT`]: backend.url('subscribe'),
    [`${PLUGIN}__CHANNEL__PROXY__SUB_REFRESH__ENDPOINT`]: backend.url('sub_refresh'),
    [`${PLUGIN}__NAMESPACES__ASKED__SUB_REFRESH_PROXY_ENABLED`]: 'true',
    [`${PLUGIN}__NAMESPACES__ASKED__PRESENCE`]: 'true',
    [`${PLUGIN}__NAMESPACES__PRIVATE__SUB_REFRESH_PROXY_ENABLED`]: 'true',
  });
});
after(async () => {
  await natter?.remove();
  await backend.stop();
});

/** Whether an emitter ever tells that it has begun anew. */
function interruptions(emitter, name) {
  const seen = [];
  emitter.on(name, ({ code }) => seen.push(code));
  return seen;
}

const listed = async (channel, client) => (await natter.api('presence', { channel })).presence[client];

inBothEncodings('the backend lets a connection go on and changes what others see of it', () => natter, async ({ open, encode, decode }) => {
  const user = whoSays(goesOn(1, { info: { seat: 2 }, meta: { visit: 2 } }), goesOn(600));
  const channel = freshChannel();
  const client = open({ token: '', data: encode({ user }) });
  const { client: id } = await connected(client);
  const breaks = interruptions(client, 'connecting');
  const subscription = client.newSubscription(channel);
  await subscribed(subscription);
  assert.deepEqual((await listed(channel, id)).conn_info, { seat: 1 });
  const questions = await backend.asked('refresh', user, 2);
  assert.deepEqual(questions.map(({ client: asked, transport, meta }) => [asked, transport, meta]), [
    [id, 'websocket', { visit: 1 }],
    [id, 'websocket', { visit: 2 }],
  ]);
  assert.deepEqual((await listed(channel, id)).conn_info, { seat: 2 });
  const arrived = event(subscription, 'publication');
  await subscription.publish(encode('still here'));
  assert.deepEqual(decode((await arrived).info.connInfo), { seat: 2 });
  assert.deepEqual(breaks, []);
});

inBothEncodings('the backend lets a connection end with 3005', () => natter, async ({ open, encode }) => {
  await Promise.all([...ENDS, () => ({ result: {} })].map(async (say) => {
    const client = open({ token: '', data: encode({ user: whoSays(say) }) });
    const expired = event(client, 'connecting', ({ code }) => code === 3005);
    await connected(client);
    await expired;
    client.disconnect();
  }));
});

inBothEncodings('what the backend grants until a time that is over has expired: 110', () => natter, async ({ open, encode }) => {
  const over = encode({ user: 'nobody', seconds: -1 });
  const refused = open({ token: '', data: over });
  const gone = event(refused, 'disconnected');
  refused.connect();
  assert.equal((await gone).code, 110);
  const client = open();
  await connected(client);
  const subscription = client.newSubscription(freshChannel('asked'), { data: over });
  const ended = event(subscription, 'unsubscribed');
  subscription.subscribe();
  assert.equal((await ended).code, 110);
});

inBothEncodings('the backend ends a connection that has expired with a code of its own', () => natter, async ({ open, encode }) => {
  const client = open({ token: '', data: encode({ user: whoSays(endsWith(4501)) }) });
  const gone = event(client, 'disconnected');
  await connected(client);
  assert.equal((await gone).code, 4501);
});

inBothEncodings('a connection outlives a backend that says nothing', () => natter, async ({ open, encode }) => {
  const user = whoSays(saysNothing);
  const client = open({ token: '', data: encode({ user }) });
  await connected(client);
  const breaks = interruptions(client, 'connecting');
  await backend.asked('refresh', user);
  await client.publish(freshChannel(), encode('still here'));
  assert.deepEqual([client.state, breaks], ['connected', []]);
});

inBothEncodings('a connection with a token is the backend\'s to refresh, too', () => natter, async ({ open, encode }) => {
  const user = whoSays(goesOn(600));
  let fetched = 0;
  const getToken = async () => { fetched += 1; return token({ sub: user }); };
  const client = open({ token: token({ sub: user, exp: inSeconds(3) }), getToken });
  await connected(client);
  const breaks = interruptions(client, 'connecting');
  await backend.asked('refresh', user);
  await client.publish(freshChannel(), encode('still here'));
  assert.deepEqual([fetched, breaks], [0, []]);
});

test('a client that refreshes what is the backend\'s is closed with 3501', bounded, async () => {
  const commands = await Commands.open(natter, whoSays(goesOn(600)), { exp: inSeconds(600) });
  const { expires, ttl } = commands.connected.connect;
  assert.deepEqual([expires, ttl], [undefined, undefined]);
  commands.ask({ refresh: { token: token({ sub: 'ada' }) } }).catch(() => {});
  assert.equal(await commands.closed, 3501);
});

inBothEncodings('the backend lets a subscription go on and changes what others see in its channel', () => natter, async ({ open }) => {
  const user = whoSays(goesOn(1, { info: { role: 'host' } }), goesOn(600));
  const channel = freshChannel('asked');
  const client = open({ user });
  const { client: id } = await connected(client);
  const subscription = client.newSubscription(channel);
  await subscribed(subscription);
  const breaks = interruptions(subscription, 'subscribing');
  assert.deepEqual((await listed(channel, id)).chan_info, { role: 'guest' });
  const [first] = await backend.asked('sub_refresh', user, 2);
  assert.deepEqual([first.client, first.channel, first.transport], [id, channel, 'websocket']);
  assert.deepEqual((await listed(channel, id)).chan_info, { role: 'host' });
  assert.deepEqual([subscription.state, breaks], ['subscribed', []]);
});

inBothEncodings('the backend lets a subscription end with 2501, and its client may ask again', () => natter, async ({ open }) => {
  await Promise.all(ENDS.map(async (say) => {
    const client = open({ user: whoSays(say) });
    await connected(client);
    const subscription = client.newSubscription(freshChannel('asked'), { minResubscribeDelay: 10, maxResubscribeDelay: 50 });
    const expired = event(subscription, 'subscribing', ({ code }) => code === 2501);
    await subscribed(subscription);
    const back = event(subscription, 'subscribed');
    await expired;
    await back;
    client.disconnect();
  }));
});

inBothEncodings('the backend ends the connection of a subscription that has expired', () => natter, async ({ open }) => {
  const client = open({ user: whoSays(endsWith(4502)) });
  const gone = event(client, 'disconnected');
  await connected(client);
  await subscribed(client.newSubscription(freshChannel('asked')));
  assert.equal((await gone).code, 4502);
});

inBothEncodings('a subscription outlives a backend that says nothing', () => natter, async ({ open, encode }) => {
  const user = whoSays(saysNothing);
  const client = open({ user });
  await connected(client);
  const subscription = client.newSubscription(freshChannel('asked'));
  await subscribed(subscription);
  const breaks = interruptions(subscription, 'subscribing');
  await backend.asked('sub_refresh', user);
  await client.publish(freshChannel(), encode('still here'));
  assert.deepEqual([subscription.state, breaks], ['subscribed', []]);
});

inBothEncodings('a subscription with a token is the backend\'s to refresh, too', () => natter, async ({ open, encode }) => {
  const user = whoSays(goesOn(600));
  const channel = freshChannel('private');
  const client = open({ user });
  await connected(client);
  let fetched = 0;
  const getToken = async () => { fetched += 1; return token({ sub: user, channel }); };
  const subscription = client.newSubscription(channel, { token: token({ sub: user, channel, exp: inSeconds(3) }), getToken });
  await subscribed(subscription);
  const breaks = interruptions(subscription, 'subscribing');
  await backend.asked('sub_refresh', user);
  await subscription.publish(encode('still here'));
  assert.deepEqual([fetched, breaks], [0, []]);
});
