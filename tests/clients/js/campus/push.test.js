// What users are told on their devices, through a stand-in for Expo's service.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { User as SdkUser } from '../chatsdk/support/sdk.js';
import { pause } from '../support/natter.js';
import { User, start } from './support.js';

const ATTEMPTS = 300;
const PAUSE_MS = 50;

let natter;
let service;
const told = [];
before(async () => {
  service = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    told.push(...[JSON.parse(Buffer.concat(parts).toString())].flat());
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ data: { status: 'ok', id: String(told.length) } }));
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  natter = await start({ NATTER__PUSH__EXPO__URL: `http://127.0.0.1:${service.address().port}` });
});
after(async () => {
  await natter.remove();
  service.closeAllConnections();
  service.close();
});

async function withDevice(user) {
  const sdk = await SdkUser.sign(natter, user.id);
  const token = `ExponentPushToken[${user.id}]`;
  await sdk.ok('POST', '/api/devices', { platform: 'expo', provider: 'expo', token }, 201);
  return token;
}

/** The events that a device has been told, once there are as many. */
async function events(to, count) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const mine = told.filter((message) => message.to === to);
    if (mine.length >= count) return mine.map(({ data }) => [data.event, data.chat]);
    await pause(PAUSE_MS);
  }
  throw new Error(`not ${count} for ${to}: ${JSON.stringify(told)}`);
}

test('groups, joining, removal and admin access are told on devices, each once', async () => {
  const [ada, bob, eve] = await User.circle(natter, 'Ada', 'Bob', 'Eve');
  const [his, hers, own] = [await withDevice(bob), await withDevice(eve), await withDevice(ada)];
  const chat = await ada.group([bob]);
  const at = `/chats/${chat._id}/participants`;
  await ada.ok('POST', `${at}/multiple`, { participants: [eve.id] }, 201);
  await ada.ok('POST', `${at}/${bob.id}/admin`);
  await ada.ok('DELETE', `${at}/${bob.id}/admin`);
  await ada.ok('DELETE', `${at}/${bob.id}`);
  const names = ['chat-created', 'chat-admin-access-granted', 'chat-admin-access-removed', 'chat-access-removed'];
  assert.deepEqual(await events(his, 4), names.map((name) => [name, chat._id]));
  assert.deepEqual(await events(hers, 1), [['chat-joined', chat._id]]);
  assert.deepEqual(told.filter(({ to }) => to === own), [], 'not to who did it');
});
