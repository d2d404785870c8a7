// One tenant, every protocol: a conversation that begins in one API is the same in all others, and a message sent through
// any of them arrives once in the live clients of each, in its own shape and in one order.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { User as CampusUser } from '../campus/support.js';
import { User as SdkUser } from '../chatsdk/support/sdk.js';
import { Person, start, uuid } from '../chatify/support.js';
import { token } from '../support/token.js';

const EACH = 10;
const ALL = 3 * EACH;

let natter;
before(async () => {
  natter = await start({
    NATTER__LISTENERS__0__PLUGINS__4: 'campus',
    NATTER__LISTENERS__0__PLUGINS__5: 'connectnow',
    NATTER__LISTENERS__0__PLUGINS__6: 'openchat',
  });
});
after(() => natter.remove());

/** Somebody with a Chatify account, as the other APIs know the same user. */
async function everywhere(name) {
  const chatify = await Person.register(natter, name);
  const sdk = await SdkUser.sign(natter, chatify.id);
  const bearer = token({ sub: chatify.id });
  const campus = Object.assign(new CampusUser(natter, name), { id: chatify.id, bearer });
  return { id: chatify.id, chatify, sdk, campus };
}

/** The next events of a name, in the order of their coming. */
async function take(live, name, count, read) {
  const seen = [];
  for (let at = 0; at < count; at += 1) seen.push(read(await live.next(name)));
  return seen;
}

const counts = (from, count) => Array.from({ length: count }, (_, at) => from + at);

test('a conversation begun in Chatify is one in every API, live and stored', async () => {
  const [ada, bob] = [await everywhere('Ada'), await everywhere('Bob')];
  const ears = {
    chatify: await bob.chatify.socket().connected(),
    campus: await bob.campus.connect(),
    sdk: await bob.sdk.connect(),
  };
  const { _id } = await ada.chatify.talkTo(bob.chatify);
  await ears.sdk.watch(uuid(_id));

  const { channels } = await bob.sdk.get('/api/channels');
  assert.deepEqual(channels.map(({ id, type }) => [id, type]), [[uuid(_id), 'messaging']]);
  const { chats } = await bob.campus.get('/chats');
  assert.deepEqual(chats.map((chat) => [chat._id, chat.name]), [[_id, 'Ada']]);

  const sends = counts(0, EACH).flatMap((at) => [
    ada.chatify.say(_id, `chatify ${at}`),
    ada.sdk.say(uuid(_id), `sdk ${at}`),
    ada.campus.say({ _id }, `campus ${at}`),
  ]);
  const answered = (await Promise.all(sends)).map(({ seq }) => seq).sort((one, other) => one - other);
  assert.deepEqual(answered, counts(1, ALL));

  const heard = {
    chatify: await take(ears.chatify, 'message', ALL, ({ seq, content }) => [seq, content]),
    campus: await take(ears.campus, 'chat-message', ALL, ({ message }) => [message.seq, message.text]),
    sdk: await take(ears.sdk, 'message.new', ALL, ({ payload }) => [payload.message.seq, payload.message.text]),
  };
  assert.deepEqual(heard.chatify.map(([seq]) => seq), counts(1, ALL), 'one order, no gap, nothing twice');
  assert.deepEqual(heard.campus, heard.chatify);
  assert.deepEqual(heard.sdk, heard.chatify);

  const stored = {
    chatify: (await bob.chatify.get(`/message/${_id}`)).messages.map(({ seq, content }) => [seq, content]),
    campus: (await bob.campus.get(`/chats/${_id}/messages`)).messages.map(({ seq, text }) => [seq, text]),
    sdk: (await bob.sdk.get(`/api/channels/${uuid(_id)}/messages`)).messages.map(({ seq, text }) => [seq, text]),
  };
  const bySeq = (messages) => [...messages].sort(([one], [other]) => one - other);
  assert.deepEqual(bySeq(stored.chatify), heard.chatify);
  assert.deepEqual(bySeq(stored.campus), heard.chatify);
  assert.deepEqual(bySeq(stored.sdk), heard.chatify);

  // What Bob has read in Chatify is read everywhere.
  assert.equal((await bob.sdk.get(`/api/channels/${uuid(_id)}`)).unreadCount, 0);
  assert.ok(!(await bob.campus.get('/chats')).chats[0].unread);
  for (const [name, live] of [['message', ears.chatify], ['chat-message', ears.campus], ['message.new', ears.sdk]]) {
    const left = live.heard ?? live.events;
    assert.deepEqual(left.filter((event) => (event.name ?? event.type) === name), [], `${name} came more than once`);
  }
  ears.chatify.close();
  bob.campus.hangUp();
  ears.sdk.client.disconnect();
});
