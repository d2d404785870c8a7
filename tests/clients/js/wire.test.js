// The protocol without a client library: what the libraries never do, a hostile or broken peer does.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { freshChannel } from './support/client.js';
import { Natter } from './support/natter.js';
import { inSeconds, token } from './support/token.js';

let natter;
before(async () => { natter = await Natter.start({ NATTER__SERVER__ALLOWED_ORIGINS__0: 'https://*.example.com' }); });
after(() => natter.remove());

const bounded = { timeout: 60_000 };

async function open(query = '', options = {}) {
  const socket = new WebSocket(natter.url + query, options);
  socket.frames = [];
  socket.on('message', (data) => socket.frames.push(data.toString()));
  await once(socket, 'open');
  return socket;
}

async function connectedSocket() {
  const socket = await open();
  socket.send(JSON.stringify({ id: 1, connect: { token: token({ sub: 'ada' }) } }));
  await once(socket, 'message');
  return socket;
}

function answerPings(socket) {
  socket.on('message', (data) => { if (data.toString() === '{}') socket.send('{}'); });
}

/** The next message of a socket, which must not be closed meanwhile. */
function nextMessage(socket) {
  return new Promise((resolve, reject) => {
    const closed = (code) => reject(new Error(`closed with ${code}`));
    socket.once('close', closed);
    socket.once('message', (data) => { socket.off('close', closed); resolve(data); });
  });
}

async function closeCode(socket) {
  const [code] = await once(socket, 'close');
  return code;
}

test('a frame without a command closes with 3501', bounded, async () => {
  const socket = await open();
  socket.send('');
  assert.equal(await closeCode(socket), 3501);
});

test('a frame that is no JSON closes with 3501', bounded, async () => {
  const socket = await connectedSocket();
  socket.send('{"id":2,');
  assert.equal(await closeCode(socket), 3501);
});

test('any command before connect closes with 3501', bounded, async () => {
  const socket = await open();
  socket.send('{"id":1,"subscribe":{"channel":"a"}}');
  assert.equal(await closeCode(socket), 3501);
});

test('an unsubscribe waits for the publications before it', bounded, async () => {
  const socket = await connectedSocket();
  const channel = freshChannel('durable');
  socket.send(JSON.stringify({ id: 2, subscribe: { channel } }));
  await once(socket, 'message');
  socket.frames.length = 0;
  const commands = [{ id: 3, publish: { channel, data: 1 } }, { id: 4, publish: { channel, data: 2 } }];
  commands.push({ id: 5, unsubscribe: { channel } }, { id: 6, subscribe: { channel } });
  socket.send(commands.map((command) => JSON.stringify(command)).join('\n'));
  const replies = () => socket.frames.flatMap((frame) => frame.split('\n')).map((line) => JSON.parse(line));
  while (!replies().some((reply) => reply.id === 6)) await nextMessage(socket);
  const order = replies().map((reply) => reply.id ?? reply.push?.pub?.data ?? 'ping');
  assert.deepEqual(order.filter((each) => [3, 4, 5, 6].includes(each)), [3, 4, 5, 6]);
  assert.deepEqual(order.filter((each) => [1, 2, 5].includes(each)), [1, 2, 5]);
});

test('a second connect closes with 3501', bounded, async () => {
  const socket = await connectedSocket();
  socket.send(JSON.stringify({ id: 2, connect: { token: token({ sub: 'ada' }) } }));
  assert.equal(await closeCode(socket), 3501);
});

test('a ping command is a bad request', bounded, async () => {
  const socket = await connectedSocket();
  socket.send('{"id":2,"ping":{}}');
  assert.equal(await closeCode(socket), 3501);
});

test('a pong that nobody asked for closes with 3501', bounded, async () => {
  const socket = await connectedSocket();
  socket.send('{}');
  assert.equal(await closeCode(socket), 3501);
});

test('a client that answers no ping is closed with 3012', bounded, async () => {
  assert.equal(await closeCode(await connectedSocket()), 3012);
});

test('a client that never connects is closed with 3502', bounded, async () => {
  assert.equal(await closeCode(await open()), 3502);
});

test('send without a handler closes with 3508', bounded, async () => {
  const socket = await connectedSocket();
  socket.send('{"send":{"data":{}}}');
  assert.equal(await closeCode(socket), 3508);
});

test('an unknown kind of delta closes with 3501', bounded, async () => {
  const socket = await connectedSocket();
  socket.send('{"id":2,"subscribe":{"channel":"a","delta":"unheard-of"}}');
  assert.equal(await closeCode(socket), 3501);
});

test('a message over the limit closes with 1009', bounded, async () => {
  const socket = await connectedSocket();
  socket.send(JSON.stringify({ id: 2, publish: { channel: 'a', data: 'x'.repeat(70_000) } }));
  assert.equal(await closeCode(socket), 1009);
});

test('commands in one frame are answered, with empty results as empty objects', bounded, async () => {
  const socket = await connectedSocket();
  const channel = freshChannel('fast');
  socket.send([
    { id: 2, subscribe: { channel } }, { id: 3, publish: { channel, data: 1 } }, { id: 4, unsubscribe: { channel } },
  ].map(JSON.stringify).join('\n'));
  const replies = new Map();
  while (![2, 3, 4].every((id) => replies.has(id))) {
    await once(socket, 'message');
    for (const line of socket.frames.splice(0).flatMap((frame) => frame.split('\n'))) {
      const reply = JSON.parse(line);
      if (reply.id) replies.set(reply.id, reply);
    }
  }
  socket.terminate();
  assert.deepEqual([2, 3, 4].map((id) => replies.get(id)), [
    { id: 2, subscribe: {} }, { id: 3, publish: {} }, { id: 4, unsubscribe: {} },
  ]);
});

test('data is passed on as it was published, but for newlines', bounded, async () => {
  const socket = await connectedSocket();
  const channel = freshChannel('fast');
  socket.send(JSON.stringify({ id: 2, subscribe: { channel } }));
  await once(socket, 'message');
  socket.frames.length = 0;
  await fetch(`${natter.http}/api/publish`, {
    method: 'POST',
    headers: { 'X-API-Key': 'demo-api-key' },
    body: `{"channel":"${channel}","data":{\n  "big": 12345678901234567890,\n  "text": "a\\nb"\n}}`,
  });
  while (!socket.frames.some((frame) => frame.includes('"pub"'))) await once(socket, 'message');
  socket.terminate();
  const frame = socket.frames.find((each) => each.includes('"pub"'));
  assert.ok(frame.includes('"big": 12345678901234567890'), frame);
  assert.ok(frame.includes('"text": "a\\nb"'), frame);
  assert.equal(frame.includes('\n'), false);
});

test('the subprotocol that was chosen is told, and the query can choose too', bounded, async () => {
  const protobuf = new WebSocket(natter.url, ['centrifuge-protobuf']);
  await once(protobuf, 'open');
  assert.equal(protobuf.protocol, 'centrifuge-protobuf');
  protobuf.terminate();
  const json = await open('?cf_protocol_version=v2');
  assert.equal(json.protocol, '');
  json.terminate();
});

test('native pings replace the protocol\'s own when the query asks for them', { timeout: 20_000 }, async () => {
  const socket = await open('?cf_ws_frame_ping_pong=true');
  socket.send(JSON.stringify({ id: 1, connect: { token: token({ sub: 'ada' }) } }));
  const [answer] = await once(socket, 'message');
  const { connect } = JSON.parse(answer.toString());
  assert.deepEqual([connect.ping, connect.pong], [undefined, undefined]);
  await once(socket, 'ping');
  socket.terminate();
});

test('a foreign Origin is refused and an allowed one is not', bounded, async () => {
  const foreign = new WebSocket(natter.url, { origin: 'https://evil.example' });
  const [error] = await once(foreign, 'error');
  assert.match(error.message, /403/);
  const own = await open('', { origin: 'https://app.example.com' });
  own.terminate();
});

test('a request without an upgrade is 400', bounded, async () => {
  assert.equal((await fetch(natter.url.replace('ws', 'http'))).status, 400);
});

test('a client that does not read is closed and hurts nobody else', bounded, async () => {
  const channel = freshChannel('fast');
  const slow = await connectedSocket();
  const quick = await connectedSocket();
  for (const socket of [slow, quick]) {
    socket.send(JSON.stringify({ id: 2, subscribe: { channel } }));
    await once(socket, 'message');
    answerPings(socket);
  }
  let received = 0;
  quick.on('message', (data) => { received += data.toString().split('"pub"').length - 1; });
  slow.pause();
  const gone = once(slow, 'close');
  const data = 'x'.repeat(60_000);
  const sent = 400;
  for (let count = 0; count < sent; count += 1) await natter.api('publish', { channel, data });
  slow.resume();
  const [code] = await gone;
  assert.equal([3008, 3012, 1006].includes(code), true, `closed with ${code}`);
  while (received < sent) await nextMessage(quick);
  quick.terminate();
});

test('data that JSON cannot carry ends a JSON subscriber with 3506', bounded, async () => {
  const channel = freshChannel('fast');
  const socket = await connectedSocket();
  socket.send(JSON.stringify({ id: 2, subscribe: { channel } }));
  await once(socket, 'message');
  const gone = closeCode(socket);
  await natter.api('publish', { channel, b64data: Buffer.from([0xff, 0x00]).toString('base64') });
  assert.equal(await gone, 3506);
});

test('a connection that nobody refreshes is closed with 3005', bounded, async () => {
  const socket = await open();
  answerPings(socket);
  socket.send(JSON.stringify({ id: 1, connect: { token: token({ sub: 'ada', exp: inSeconds(1) }) } }));
  assert.equal(await closeCode(socket), 3005);
});

test('a subscription that nobody refreshes ends with 2501', bounded, async () => {
  const channel = freshChannel('private');
  const socket = await connectedSocket();
  answerPings(socket);
  socket.send(JSON.stringify({ id: 2, subscribe: { channel, token: token({ sub: 'ada', channel, exp: inSeconds(1) }) } }));
  const isEnd = (frame) => frame.split('\n').some((line) => JSON.parse(line).push?.unsubscribe?.code === 2501);
  while (!socket.frames.some(isEnd)) await once(socket, 'message');
  socket.terminate();
});

test('a namespace can be particular about names and data', bounded, async () => {
  const socket = await connectedSocket();
  const code = async (command) => {
    socket.send(JSON.stringify({ id: 9, ...command }));
    const [message] = await once(socket, 'message');
    return JSON.parse(message.toString()).error?.code;
  };
  assert.equal(await code({ subscribe: { channel: 'strict:name' } }), 107);
  assert.equal(await code({ subscribe: { channel: 'strict:42' } }), undefined);
  const answer = await natter.apiAnswer('publish', { channel: 'strict:42', b64data: Buffer.from('no json').toString('base64') });
  assert.equal((await answer.json()).error?.code, 107);
  socket.terminate();
});
