// Sessions: what ends with one, at once and for good.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';

import { connected, event } from '../support/client.js';
import { DEMO_SECRET, token as tenantToken } from '../support/token.js';
import { ask, fails, PASSWORD, Person, start, succeeds } from './support.js';

let natter;
before(async () => { natter = await start(); });
after(() => natter.remove());

/** Both kinds of connection of a session. */
async function connections(person) {
  const socket = await person.socket().connected();
  const centrifuge = person.centrifuge();
  await connected(centrifuge);
  return { socket, centrifuge, closed: event(centrifuge, 'disconnected') };
}

async function areClosed({ socket, closed }) {
  await socket.next('disconnect');
  assert.equal((await closed).code, 3500);
}

function areOpen({ socket, centrifuge }) {
  assert.ok(socket.client.connected);
  assert.equal(centrifuge.state, 'connected');
}

function close({ socket, centrifuge }) {
  socket.close();
  centrifuge.disconnect();
}

test('logging out closes what the session has opened, and nothing else', async () => {
  const ada = await Person.register(natter);
  const other = await ada.login();
  const [own, others] = [await connections(ada), await connections(other)];
  succeeds(await ada.call('POST', '/auth/logout'), 200);
  await areClosed(own);
  areOpen(others);
  const refused = ada.socket();
  assert.equal((await refused.next('connect_error')).data.code, 'token_invalid');
  const again = ada.centrifuge();
  const gone = event(again, 'disconnected');
  again.connect();
  assert.equal((await gone).code, 3500);
  close(others);
});

test('a new password closes all other sessions', async () => {
  const ada = await Person.register(natter);
  const other = await ada.login();
  const [own, others] = [await connections(ada), await connections(other)];
  fails(await ada.call('POST', '/auth/password', { old: 'wrong password', new: 'battery staple' }), 401);
  succeeds(await ada.call('POST', '/auth/password', { old: PASSWORD, new: 'battery staple' }), 200);
  await areClosed(others);
  areOpen(own);
  fails(await other.call('GET', '/user/getme'), 401);
  fails(await other.refresh(), 401);
  close(own);
});

test('a refresh token that comes again ends its family, and its connections', async () => {
  const ada = await Person.register(natter);
  const own = await connections(ada);
  const renewed = succeeds(await ada.refresh(), 200);
  areOpen(own);
  fails(await ada.refresh(), 401);
  await areClosed(own);
  fails(await ada.refresh(renewed.refreshToken), 401);
  fails(await ask(natter, 'GET', '/user/getme', { token: renewed.token }), 401);
});

test('ten failures make even the right password wait', async () => {
  const ada = await Person.register(natter);
  const login = (password) => ask(natter, 'POST', '/auth/login', { body: { email: ada.email, password } });
  const failed = await Promise.all(Array.from({ length: 10 }, () => login('wrong password')));
  failed.forEach((answer) => fails(answer, 401));
  const refused = await login(PASSWORD);
  fails(refused, 429);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
});

test('tokens of the tenant and of the API are not taken for each other', async () => {
  const ada = await Person.register(natter);
  const claims = JSON.parse(Buffer.from(ada.token.split('.')[1], 'base64url'));
  assert.equal(claims.iss, 'natter/chatify');
  assert.equal(claims.exp - claims.iat, 900);
  const forged = tenantToken(claims);
  fails(await ask(natter, 'GET', '/user/getme', { token: forged }), 401);
  fails(await ask(natter, 'GET', '/user/getme', { token: tenantToken({ sub: ada.id }) }), 401);
  const [head, body] = ada.token.split('.');
  assert.notEqual(ada.token.split('.')[2], createHmac('sha256', DEMO_SECRET).update(`${head}.${body}`).digest('base64url'));
  const socket = Object.assign(new Person(), ada, { token: forged }).socket();
  assert.equal((await socket.next('connect_error')).data.code, 'token_invalid');
});

test('sessions and their ends survive a crash', async () => {
  const crashing = await start();
  try {
    const ada = await Person.register(crashing);
    const gone = await ada.login();
    const bob = await Person.register(crashing, 'Bob');
    const { _id } = await ada.talkTo(bob);
    await ada.say(_id, 'Hello!');
    succeeds(await gone.call('POST', '/auth/logout'), 200);
    const renewed = succeeds(await ada.refresh(), 200);
    await crashing.crash();
    await crashing.launch();
    fails(await gone.call('GET', '/user/getme'), 401);
    fails(await gone.refresh(), 401);
    assert.equal((await ada.get('/user/getme')).user._id, ada.id);
    assert.equal((await ada.get('/conversation')).conversations[0].lastMessage, 'Hello!');
    const own = await connections(ada);
    fails(await ada.refresh(), 401);
    await areClosed(own);
    fails(await ada.refresh(renewed.refreshToken), 401);
    await ada.login();
  } finally {
    await crashing.remove();
  }
});
