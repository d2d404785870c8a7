// Map subscriptions without a client library: what is refused, and with which code.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { event, freshChannel, inBothEncodings } from './support/client.js';
import { Commands } from './support/commands.js';
import { Natter, pause } from './support/natter.js';
import { token } from './support/token.js';

let natter;
before(async () => { natter = await Natter.start(); });
after(() => natter.remove());

const bounded = { timeout: 60_000 };
const STATE = 2;
const STREAM = 1;
const page = (channel, more = {}) => ({ channel, type: 1, phase: STATE, limit: 1, ...more });

/** A map with keys a, b and c, and a connection. */
async function board(namespace = 'board') {
  const channel = freshChannel(namespace);
  for (const key of ['a', 'b', 'c']) await natter.api('map_publish', { channel, key, data: key });
  return { channel, commands: await Commands.open(natter) };
}

const keys = (publications) => (publications ?? []).map(({ key }) => key);

test('pages, changes and live on the wire', bounded, async () => {
  const { channel, commands } = await board();
  const first = await commands.subscribe(page(channel));
  assert.deepEqual([first.type, first.phase, first.cursor, first.offset, keys(first.state)], [1, 2, 'a', 3, ['a']]);
  await natter.api('map_publish', { channel, key: 'd', data: 'd' });
  const position = { offset: first.offset, epoch: first.epoch };
  const second = await commands.subscribe(page(channel, { cursor: first.cursor, ...position }));
  assert.deepEqual([second.offset, keys(second.state)], [3, ['b']]);
  for (const key of ['e', 'f']) await natter.api('map_publish', { channel, key, data: key });
  let last = await commands.subscribe(page(channel, { cursor: second.cursor, ...position }));
  assert.deepEqual([last.phase, last.offset, keys(last.state)], [2, 3, ['c']]);
  while (last.cursor) last = await commands.subscribe(page(channel, { cursor: last.cursor, ...position }));
  const changes = await commands.subscribe({ channel, type: 1, phase: STREAM, limit: 1, ...position });
  assert.deepEqual([changes.phase, changes.offset, keys(changes.publications)], [1, 4, ['d']]);
  const live = await commands.subscribe({ channel, type: 1, phase: STREAM, limit: 2, offset: 4, epoch: first.epoch });
  assert.deepEqual([live.type, live.phase, live.offset, keys(live.publications)], [1, undefined, 6, ['e', 'f']]);
  assert.deepEqual([live.recoverable, live.recovered], [true, undefined]);
  await natter.api('map_remove', { channel, key: 'a' });
  while (commands.pushes.length === 0) await pause(10);
  assert.deepEqual(commands.pushes[0].pub, { offset: 7, key: 'a', removed: true });
  commands.close();
});

test('a type that is not the namespace\'s is refused with 103', bounded, async () => {
  const { channel, commands } = await board();
  assert.equal(await commands.refusal({ channel }), 103);
  assert.equal(await commands.refusal(page(channel, { type: 2 })), 103);
  assert.equal(await commands.refusal({ channel: freshChannel(), type: 1, phase: STATE }), 103);
  commands.close();
});

test('pages out of turn are refused: 103, 105, 107, 112, 113', bounded, async () => {
  const { channel, commands } = await board();
  assert.equal(await commands.refusal(page(channel, { cursor: 'a' })), 103);
  assert.equal(await commands.refusal({ channel, type: 1, phase: STREAM }), 103);
  assert.equal(await commands.refusal(page(channel, { phase: 7 })), 107);
  const [first, concurrent] = await commands.askAll(
    { subscribe: page(channel) },
    { subscribe: page(channel, { cursor: 'a' }) },
  );
  assert.equal(first.subscribe.cursor, 'a');
  assert.deepEqual([concurrent.error.code, concurrent.error.temporary], [113, true]);
  assert.equal(await commands.refusal(page(channel)), 105);
  assert.equal(await commands.refusal(page(channel, { cursor: 'a', epoch: 'other' })), 112);
  assert.equal(await commands.refusal(page(channel, { epoch: 'other' })), 112);
  const live = await commands.subscribe(page(channel, { limit: 9 }));
  assert.equal(live.phase, undefined);
  assert.equal(await commands.refusal(page(channel)), 105);
  commands.close();
});

test('whoever takes too long with its pages is closed with 3008', bounded, async () => {
  const { channel, commands } = await board('shortboard');
  const first = await commands.subscribe(page(channel));
  assert.equal(first.cursor, 'a');
  await pause(1_500);
  commands.askAll({ subscribe: page(channel, { cursor: 'a' }) });
  assert.equal(await commands.closed, 3008);
});

test('a position that cannot be recovered is refused with 112', bounded, async () => {
  const { channel, commands } = await board();
  const { epoch } = await natter.api('map_read_state', { channel });
  const recover = (offset, of = epoch) => ({ channel, type: 1, phase: STREAM, recover: true, offset, epoch: of });
  assert.equal(await commands.refusal(recover(4)), 112);
  assert.equal(await commands.refusal(recover(1, 'other')), 112);
  const live = await commands.subscribe(recover(1));
  assert.deepEqual([live.recovered, live.was_recovering, keys(live.publications)], [true, true, ['b', 'c']]);
  commands.close();
});

test('an unsubscribe in the middle of the pages ends them', bounded, async () => {
  const { channel, commands } = await board();
  await commands.subscribe(page(channel));
  assert.deepEqual((await commands.ask({ unsubscribe: { channel } })).unsubscribe, {});
  assert.equal(await commands.refusal(page(channel, { cursor: 'a' })), 103);
  const [live, left] = await commands.askAll({ subscribe: page(channel, { limit: 9 }) }, { unsubscribe: { channel } });
  assert.deepEqual([keys(live.subscribe.state), left.unsubscribe], [['a', 'b', 'c'], {}]);
  await natter.api('map_publish', { channel, key: 'd', data: 1 });
  const again = await commands.subscribe(page(channel, { limit: 9 }));
  assert.deepEqual([keys(again.state), commands.pushes], [['a', 'b', 'c', 'd'], []]);
  commands.close();
});

test('keys that may not be set are refused', bounded, async () => {
  const { channel, commands } = await board();
  const publish = async (request) => (await commands.ask({ publish: request })).error?.code;
  assert.equal(await publish({ channel, type: 1, key: 'x', data: 1 }), 103);
  await commands.subscribe(page(channel, { limit: 9 }));
  assert.equal(await publish({ channel, type: 1, key: 'x', data: 1 }), undefined);
  assert.equal(await publish({ channel, type: 1, data: 1 }), 107);
  assert.equal(await publish({ channel, type: 1, key: 'x'.repeat(256), data: 1 }), 107);
  assert.equal(await publish({ channel, data: 1 }), 107);
  assert.equal(await publish({ channel: freshChannel(), type: 1, key: 'x', data: 1 }), 107);
  assert.equal(await publish({ channel, type: 1, key: 'x', removed: true }), undefined);
  commands.close();
});

inBothEncodings('a token cannot subscribe its connection to a map: 3501', () => natter, async ({ open }) => {
  const map = freshChannel('board');
  for (const claims of [{ channels: [map] }, { subs: { [map]: {} } }]) {
    const client = open({ token: token({ sub: 'ada', ...claims }) });
    const gone = event(client, 'disconnected');
    client.connect();
    assert.equal((await gone).code, 3501);
  }
});

test('methods for the other kind of channel are refused with 107', bounded, async () => {
  const map = freshChannel('board');
  for (const [method, request] of [
    ['publish', { channel: map, data: 1 }],
    ['subscribe', { channel: map, user: 'ada' }],
    ['map_publish', { channel: freshChannel(), key: 'a', data: 1 }],
    ['map_publish', { channel: map, key: 'a', data: 1, key_mode: 'sometimes' }],
    ['map_publish', { channel: map, data: 1 }],
    ['map_publish', { channel: map, key: 'a', data: 1, version: 1, version_epoch: 'x'.repeat(256) }],
    ['map_publish', { channel: map, key: 'a', b64data: '???' }],
    ['map_stats', { channel: freshChannel() }],
  ]) {
    await assert.rejects(natter.api(method, request), { code: 107 }, method);
  }
});
