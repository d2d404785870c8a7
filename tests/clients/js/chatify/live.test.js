// What comes over Socket.IO and Centrifugo's protocol, also of what is said through another API.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { connected, event, subscribed } from '../support/client.js';
import { User } from '../chatsdk/support/sdk.js';
import { fails, ID, Person, start, succeeds, TIME, uuid } from './support.js';

let natter;
before(async () => { natter = await start(); });
after(() => natter.remove());

async function pair() {
  const people = [await Person.register(natter, 'Ada'), await Person.register(natter, 'Bob')];
  const lives = await Promise.all(people.map((person) => person.socket().connected()));
  return { ada: people[0], bob: people[1], adaLive: lives[0], bobLive: lives[1], close: () => lives.forEach((live) => live.close()) };
}

test('both are told of a conversation and of its messages', async () => {
  const { ada, bob, adaLive, bobLive, close } = await pair();
  const conversation = await ada.talkTo(bob);
  for (const live of [adaLive, bobLive]) assert.deepEqual(await live.next('conversation'), conversation);
  const sent = await ada.say(conversation._id, 'Hello!');
  for (const live of [adaLive, bobLive]) {
    assert.deepEqual(await live.next('message'), {
      _id: sent._id, conversation: conversation._id, sender: { _id: ada.id, name: 'Ada' }, content: 'Hello!',
      files: [], createdAt: sent.createdAt, seq: 1,
    });
  }
  const [own, other] = [await adaLive.next('conversation'), await bobLive.next('conversation')];
  assert.deepEqual([own.lastMessage, own.unread], ['Hello!', 0]);
  assert.deepEqual([other.lastMessage, other.unread], ['Hello!', 1]);
  assert.equal(other.updatedAt, sent.createdAt);
  await ada.call('PUT', `/message/${sent._id}`, { message: 'Hello, Bob!' });
  assert.equal((await bobLive.next('conversation')).lastMessage, 'Hello, Bob!');
  await ada.call('DELETE', `/message/${sent._id}`);
  const empty = await bobLive.next('conversation');
  assert.deepEqual([empty.lastMessage, empty.unread], [null, 0]);
  close();
});

test('typing reaches the other side only', async () => {
  const { ada, bob, adaLive, bobLive, close } = await pair();
  const { _id } = await ada.talkTo(bob);
  assert.deepEqual(await adaLive.ask('typing', { convo_id: _id }), { status: 'success', data: {} });
  assert.deepEqual(await bobLive.next('typing'), { conversation: _id, user: { _id: ada.id, name: 'Ada' } });
  await bob.say(_id, 'I see you type');
  await adaLive.next('message');
  assert.deepEqual(adaLive.left('typing'), []);
  const eve = await Person.register(natter, 'Eve');
  const eveLive = await eve.socket().connected();
  for (const wrong of [{ convo_id: _id }]) {
    assert.equal((await eveLive.ask('typing', wrong)).status, 'error');
  }
  assert.equal((await bobLive.ask('typing', {})).status, 'error');
  eveLive.close();
  close();
});

test('a socket takes over another token of its user', async () => {
  const { ada, bob, adaLive, close } = await pair();
  const { token } = succeeds(await ada.refresh(), 200);
  assert.deepEqual(await adaLive.ask('auth', { token }), { status: 'success', data: {} });
  for (const wrong of [bob.token, 'nonsense', undefined]) {
    assert.equal((await adaLive.ask('auth', { token: wrong })).status, 'error');
  }
  // From now on it belongs to the session of that token.
  const other = await ada.login();
  assert.equal((await adaLive.ask('auth', { token: other.token })).status, 'success');
  succeeds(await ada.call('POST', '/auth/logout'), 200);
  await other.talkTo(bob);
  await adaLive.next('conversation');
  succeeds(await other.call('POST', '/auth/logout'), 200);
  await adaLive.next('disconnect');
  close();
});

test("a token opens Centrifugo's protocol, its user's channel and its conversations", async () => {
  const [ada, bob] = [await Person.register(natter, 'Ada'), await Person.register(natter, 'Bob')];
  const { _id } = await ada.talkTo(bob);
  const client = bob.centrifuge();
  const own = [];
  client.on('publication', (context) => own.push(context));
  const context = await connected(client);
  assert.equal(context.client.length > 0, true);
  const subscription = client.newSubscription(`chat:demo:${uuid(_id)}`);
  await subscribed(subscription);
  const heard = event(subscription, 'publication');
  const counted = event(client, 'publication', ({ data }) => data.type === 'channel.unread_changed');
  const sent = await ada.say(_id, 'Hello!');
  const { data } = await heard;
  assert.equal(data.type, 'message.new');
  assert.equal(data.payload.message.id, uuid(sent._id));
  assert.equal((await counted).channel, `user:demo:${bob.id}`);
  const eve = await Person.register(natter, 'Eve');
  const other = eve.centrifuge();
  await connected(other);
  const closed = other.newSubscription(`chat:demo:${uuid(_id)}`);
  const refused = event(closed, 'unsubscribed');
  closed.subscribe();
  assert.equal((await refused).code, 103);
  client.disconnect();
  other.disconnect();
});

test('a conversation is the same in ChatSDK, with messages both ways', async () => {
  const { ada, adaLive, bobLive, bob, close } = await pair();
  const sdk = await User.sign(natter, bob.id);
  const created = await sdk.ok('POST', '/api/channels', { type: 'messaging', memberIds: [ada.id] }, 201);
  const [{ _id }] = (await ada.get('/conversation')).conversations;
  assert.match(_id, ID);
  assert.equal(created.id, uuid(_id));
  assert.deepEqual((await adaLive.next('conversation')).participants, [bob.id, ada.id]);
  const sdkLive = await sdk.connect();
  await sdkLive.watch(created.id);
  const fromSdk = await sdk.say(created.id, 'Hello from ChatSDK');
  const shown = await adaLive.next('message');
  assert.deepEqual(shown, {
    _id: shown._id, conversation: _id, sender: { _id: bob.id, name: 'Bob' }, content: 'Hello from ChatSDK', files: [],
    createdAt: shown.createdAt, seq: 1,
  });
  assert.equal(uuid(shown._id), fromSdk.id);
  assert.match(shown.createdAt, TIME);
  await bobLive.next('message');
  const sent = await ada.say(_id, 'Hello from Chatify');
  const heard = await sdkLive.next('message.new', (payload) => JSON.stringify(payload).includes('Hello from Chatify'));
  assert.ok(JSON.stringify(heard).includes(uuid(sent._id)));
  const group = await sdk.group('Not for Chatify', [ada.id]);
  await sdk.say(group.id, 'In a group');
  await ada.say(_id, 'The last word');
  assert.equal((await adaLive.next('message', ({ content }) => content !== 'Hello from Chatify')).content, 'The last word');
  assert.deepEqual((await ada.get('/conversation')).conversations.map((each) => each._id), [_id]);
  const { messages } = await bob.get(`/message/${_id}`);
  assert.deepEqual(messages.map(({ seq, content }) => [seq, content]), [
    [1, 'Hello from ChatSDK'], [2, 'Hello from Chatify'], [3, 'The last word'],
  ]);
  // Reading here is reading there.
  const overview = await sdk.get(`/api/channels/${created.id}`);
  assert.equal(overview.unreadCount, 0);
  fails(await bob.call('GET', `/message/${group.id.replaceAll('-', '').slice(0, 24)}`), 404);
  sdkLive.close();
  close();
});
