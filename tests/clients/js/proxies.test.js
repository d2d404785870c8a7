// natter asks the tenant's backend who connects, who subscribes, what is published, and for remote calls.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { Backend } from './support/backend.js';
import { connected, event, freshChannel, inBothEncodings, subscribed } from './support/client.js';
import { Natter } from './support/natter.js';

let natter;
let backend;

before(async () => {
  backend = await Backend.start({
    connect: ({ data }) => (data?.key === 'open sesame'
      ? { result: { user: 'from-backend', info: { team: 'red' }, data: { welcome: true } } }
      : { disconnect: { code: 4501, reason: 'unknown' } }),
    subscribe: ({ user }) => (user === 'eve' ? { error: { code: 403, message: 'not you' } } : { result: { data: { seat: 7 } } }),
    publish: ({ data }) => ({ result: { data: { ...data, checked: true } } }),
    rpc: ({ method, data, user }) => (method === 'sum' ? { result: { data: { sum: data.a + data.b, user } } } : { error: { code: 404, message: 'unknown' } }),
  });
  natter = await Natter.start({
    NATTER__PLUGINS__CENTRIFUGO__CLIENT__PROXY__CONNECT__ENABLED: 'true',
    NATTER__PLUGINS__CENTRIFUGO__CLIENT__PROXY__CONNECT__ENDPOINT: backend.url('connect'),
    NATTER__PLUGINS__CENTRIFUGO__CHANNEL__PROXY__SUBSCRIBE__ENDPOINT: backend.url('subscribe'),
    NATTER__PLUGINS__CENTRIFUGO__CHANNEL__PROXY__PUBLISH__ENDPOINT: backend.url('publish'),
    NATTER__PLUGINS__CENTRIFUGO__RPC__PROXY__ENDPOINT: backend.url('rpc'),
    NATTER__PLUGINS__CENTRIFUGO__RPC__WITHOUT_NAMESPACE__PROXY_ENABLED: 'true',
  });
});
after(async () => {
  await natter?.remove();
  await backend.stop();
});

inBothEncodings('the backend says who connects without a token', () => natter, async ({ open, encode, decode }) => {
  const client = open({ token: '', data: encode({ key: 'open sesame' }) });
  const context = await connected(client);
  assert.deepEqual(decode(context.data), { welcome: true });
  const { result } = await natter.api('presence_stats', { channel: '#from-backend' }).then((stats) => ({ result: stats }));
  assert.equal(result.num_clients >= 1, true);
});

inBothEncodings('the backend turns a connection away with a code of its own', () => natter, async ({ open, encode }) => {
  const client = open({ token: '', data: encode({ key: 'guess' }) });
  const gone = event(client, 'disconnected');
  client.connect();
  assert.equal((await gone).code, 4501);
});

inBothEncodings('the backend decides about a subscription and brings data', () => natter, async ({ open, decode }) => {
  const channel = freshChannel('asked');
  const [ada, eve] = [open({ user: 'ada' }), open({ user: 'eve' })];
  await Promise.all([connected(ada), connected(eve)]);
  assert.deepEqual(decode((await subscribed(ada.newSubscription(channel))).data), { seat: 7 });
  const question = backend.questions('subscribe').find((each) => each.channel === channel);
  assert.deepEqual([question.user, question.transport, question.encoding], ['ada', 'websocket', 'json']);
  const denied = eve.newSubscription(channel);
  const refused = event(denied, 'unsubscribed');
  denied.subscribe();
  assert.equal((await refused).code, 403);
});

inBothEncodings('the backend changes what is published', () => natter, async ({ open, encode, decode }) => {
  const channel = freshChannel('asked');
  const client = open();
  await connected(client);
  const subscription = client.newSubscription(channel);
  const arrived = event(subscription, 'publication');
  await subscribed(subscription);
  await subscription.publish(encode({ text: 'hello' }));
  assert.deepEqual(decode((await arrived).data), { text: 'hello', checked: true });
});

inBothEncodings('remote calls are answered by the backend', () => natter, async ({ open, encode, decode }) => {
  const client = open();
  await connected(client);
  assert.deepEqual(decode((await client.rpc('sum', encode({ a: 2, b: 3 }))).data), { sum: 5, user: 'ada' });
  await assert.rejects(client.rpc('other', encode({})), { code: 404 });
});
