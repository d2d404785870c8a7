// A partner uses every protocol on one room: Open Chat over REST and sockets, ChatSDK over REST, Centrifugo's client.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before } from 'node:test';
import { promisify } from 'node:util';

import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';

import { connected as centrifugeConnected, subscribed } from '../support/client.js';
import { TRANSPORTS, withEveryClient } from '../support/sockets.js';
import { token as signed } from '../support/token.js';
import { as, does, listen, reach, said } from './live.js';
import { Partner, startOpenChat, succeeds } from './support.js';

const run = promisify(execFile);
const WEBSOCKET = { transports: TRANSPORTS.filter(({ name }) => name === 'websocket') };
const MESSAGES = 90;

let natter;
before(async () => {
  natter = await startOpenChat({
    // The sides' ids have a colon, which no name of a personal channel has.
    NATTER__PLUGINS__CENTRIFUGO__SUBSCRIBE_TO_USER_PERSONAL_CHANNEL__ENABLED: 'false',
    NATTER__PLUGINS__CHATSDK__LIMITS__MESSAGES_PER_MINUTE: '100000',
    NATTER__PLUGINS__CHATSDK__LIMITS__REQUESTS_PER_MINUTE: '100000',
  });
});
after(() => natter.remove());

const uuid = (id) => `${id.slice(0, 8)}-${id.slice(8, 12)}-8${id.slice(12, 15)}-8${id.slice(15, 18)}-${id.slice(18)}000000`;

/** The key and secret that an operator gives a partner for the other protocols. */
async function keyOf(tenant) {
  const file = `${natter.folder}/data/admin.token`;
  const { stdout } = await run(natter.program, [
    'tenant', 'key', tenant, '--json', '--internal', natter.internal, '--token-file', file,
  ], { cwd: natter.folder });
  return JSON.parse(stdout);
}

withEveryClient('one room, one order, each message once in each client', () => ({ url: natter.openChat }), async ({ open }) => {
  const partner = await Partner.register(natter);
  const tenant = `openchat.${partner.username.toLowerCase()}`;
  const room_id = await partner.room('shop', 'ann', { shop_name: 'Shop', user_name: 'Ann' });
  const key = await keyOf(tenant);
  assert.deepEqual(Object.keys(key).toSorted(), ['api_key', 'tenant', 'token_secret']);
  assert.equal(key.tenant, tenant);

  const token = signed({ sub: 'user:ann', aud: tenant }, key.token_secret);
  const client = new Centrifuge(natter.url, { websocket: WebSocket, token });
  const subscription = client.newSubscription(`chat:${tenant}:${uuid(room_id)}`);
  const published = [];
  subscription.on('publication', ({ data }) => {
    if (data.type === 'message.new') published.push(data.payload.message);
  });
  await centrifugeConnected(client);
  await subscribed(subscription);

  const socket = await as(open, partner.token);
  await does(socket, 'user-register', { by: 'shop', id: 'shop' });
  await does(socket, 'join-room', room_id);
  const inRoom = listen(socket, [`${partner.username}_${room_id}`]);
  const toShop = listen(socket, [`${partner.username}_shop_shop`]);

  const viaChatSdk = async (at) => {
    const response = await fetch(`${natter.openChat}/api/channels/${uuid(room_id)}/messages`, {
      method: 'POST',
      headers: { 'X-API-Key': key.api_key, Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ text: `message ${at}` }),
    });
    assert.equal(response.status, 201, await response.text());
  };
  const ways = [
    viaChatSdk,
    async (at) => succeeds(await partner.post('/v2/chats/send', said('user', 'ann', `message ${at}`, { room_id })), 201),
    (at) => does(socket, 'send', said('shop', 'shop', `message ${at}`, { room_id })),
  ];
  await Promise.all(Array.from({ length: MESSAGES }, (_, at) => ways[at % ways.length](at)));

  await reach(inRoom, MESSAGES);
  await reach(published, MESSAGES);
  await reach(toShop, (MESSAGES / 3) * 2);
  const texts = inRoom.map(([, { message }]) => message);
  assert.deepEqual(inRoom.map(([, { seq }]) => seq), Array.from({ length: MESSAGES }, (_, at) => at + 1));
  assert.equal(new Set(texts).size, MESSAGES);
  assert.deepEqual(published.map(({ text }) => text), texts);
  assert.deepEqual(toShop.map(([, { message }]) => message), inRoom.filter(([, { sender_by }]) => sender_by === 'user').map(([, { message }]) => message));
  const fromChatSdk = inRoom.find(([, { sender_by, message }]) => sender_by === 'user' && Number(message.split(' ')[1]) % 3 === 0);
  assert.deepEqual([fromChatSdk[1].sender_id, fromChatSdk[1].sender_name, fromChatSdk[1].type], ['ann', 'Ann', 'text']);
  const listed = succeeds(await partner.get(`/v2/chats/messages/${room_id}`), 200);
  assert.deepEqual(listed.map(({ message }) => message), texts);
  client.disconnect();
}, WEBSOCKET);
