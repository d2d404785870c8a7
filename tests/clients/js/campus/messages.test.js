// Messages, files, read positions, and finding communities.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ID, PNG, TIME, User, fields, form, newId, refused, start, sync } from './support.js';

let natter;
let ada;
let bob;
let eve;
before(async () => {
  natter = await start();
  [ada, bob, eve] = await User.circle(natter, 'Ada', 'Bob', 'Eve');
});
after(() => natter.remove());

test('messages are numbered and paged, the oldest first', async () => {
  const chat = await ada.group([bob]);
  const path = `/chats/${chat._id}/messages`;
  const sent = [];
  for (const text of ['one', 'two', 'three', 'four']) sent.push(await ada.say(chat, text));
  fields(sent[0], '_id', 'user', 'chat', 'text', 'files', 'at', 'seq');
  assert.deepEqual([sent[0].user, sent[0].chat, sent[0].files, sent[0].seq], [ada.profile, chat._id, [], 1]);
  assert.match(sent[0].at, TIME);
  const texts = async (query) => (await bob.get(path + query)).messages.map(({ text }) => text);
  assert.deepEqual(await texts(''), ['one', 'two', 'three', 'four']);
  assert.deepEqual(await texts('?limit=2'), ['three', 'four']);
  assert.deepEqual(await texts(`?limit=2&before=${sent[2]._id}`), ['one', 'two']);
  assert.deepEqual(await texts(`?limit=2&after=${sent[0]._id}`), ['two', 'three']);
  assert.equal((await bob.get(`${path}?limit=1`)).count, 4);
  refused(await bob.call('GET', `${path}?before=none`), 400);
  refused(await bob.call('GET', `${path}?before=${newId()}`), 404);
  refused(await bob.call('GET', `${path}?limit=0`), 400);
  refused(await bob.call('POST', path, { text: '' }), 400, 'text');
  refused(await bob.call('POST', path, {}), 400, 'text');
  refused(await eve.call('POST', path, { text: 'hello' }), 403);
  const headers = { 'Idempotency-Key': newId() };
  const [first, second] = [await bob.call('POST', path, { text: 'once' }, headers), await bob.call('POST', path, { text: 'once' }, headers)];
  assert.deepEqual([first.status, second.body], [201, first.body]);
  assert.equal((await bob.get(path)).count, 5);
});

test('only admins post where others may not', async () => {
  const chat = await ada.group([bob]);
  await ada.ok('PUT', `/chats/${chat._id}`, form({ allowPublicPost: 'false' }));
  refused(await bob.call('POST', `/chats/${chat._id}/messages`, { text: 'hello' }), 403);
  await ada.say(chat, 'hello');
  await ada.ok('POST', `/chats/${chat._id}/participants/${bob.id}/admin`);
  await bob.say(chat, 'thanks');
  await ada.ok('PUT', `/chats/${chat._id}`, form({ allowPublicPost: 'true' }));
  await ada.ok('DELETE', `/chats/${chat._id}/participants/${bob.id}/admin`);
  await bob.say(chat, 'still');
});

test('files are named or uploaded, and listed by what they are', async () => {
  const chat = await ada.group([bob]);
  const path = `/chats/${chat._id}`;
  const meta = { data: 'Its just a dummy data', list: ['It', true, 100], note: 'anything' };
  const files = [
    { url: 'https://x.example/video.mp4', cover: 'https://x.example/cover.jpg', meta },
    { url: 'https://x.example/other.mp4', tag: 'exams' },
    { url: 'https://x.example/plain.mp4' },
  ];
  const { message } = await ada.ok('POST', `${path}/messages`, { files }, 201);
  assert.ok(!('text' in message));
  assert.deepEqual(message.files.map(({ _id, ...file }) => file), [
    { url: files[0].url, cover: files[0].cover, meta }, { url: files[1].url }, { url: files[2].url },
  ]);
  message.files.forEach(({ _id }) => assert.match(_id, ID));
  const upload = form({ text: 'look', tag: 'exams' }, { files: [PNG, 'board.png'] });
  const { message: picture } = await bob.ok('POST', `${path}/messages`, upload, 201);
  assert.deepEqual(picture.files[0].meta, { mediaType: 'image', fileName: 'board.png', fileSize: PNG.length, duration: null });
  assert.deepEqual(Buffer.from(await (await fetch(picture.files[0].url)).arrayBuffer()), PNG);
  const videos = await bob.get(`${path}/files`);
  assert.deepEqual(videos.files.map(({ file }) => file.url), [files[0].url, files[2].url], 'videos tagged others');
  fields(videos.files[0], '_id', 'user', 'chat', 'at', 'message', 'file');
  assert.deepEqual([videos.count, videos.files[0].user, videos.files[0].message], [2, ada.id, message._id]);
  assert.equal(videos.files[0]._id, videos.files[0].file._id);
  assert.deepEqual((await bob.get(`${path}/files?tag=exams`)).files.map(({ file }) => file.url), [files[1].url]);
  assert.deepEqual((await bob.get(`${path}/files?type=image&tag=exams`)).files.map(({ message: id }) => id), [picture._id]);
  const page = await bob.get(`${path}/files?limit=1&page=2`);
  assert.deepEqual([page.count, page.files.map(({ file }) => file.url)], [2, [files[2].url]]);
  assert.deepEqual(await bob.get(`${path}/files?type=audio`), { files: [], count: 0 });
  refused(await bob.call('GET', `${path}/files?type=film`), 400);
  refused(await bob.call('GET', `${path}/files?limit=0`), 400);
  refused(await bob.call('POST', `${path}/messages`, { files: [{ url: 'ftp://x.example' }] }), 400, 'files[0].url');
  refused(await bob.call('POST', `${path}/messages`, { files: [{ cover: 'https://x.example/a' }] }), 400, 'files[0].url');
});

test('reading moves the position of the domain', async () => {
  const chat = await ada.group([bob]);
  await ada.say(chat, 'one');
  await ada.say(chat, 'two');
  const unread = async (user) => (await user.get(`/chats/${chat._id}`)).chat.unread;
  assert.deepEqual([await unread(ada), await unread(bob)], [0, 2]);
  const { lastReadAt } = await bob.ok('POST', `/chats/${chat._id}/read`);
  assert.match(lastReadAt, TIME);
  assert.deepEqual([await unread(bob), (await bob.participant(chat)).lastReadAt], [0, lastReadAt]);
});

test('communities are found by their name, the most active first', async () => {
  const quiet = await ada.group([bob], { name: 'Chess Club', category: 'Clubs' });
  const busy = await ada.group([bob], { name: 'The CHESS Party', category: 'Party', restricted: true });
  await ada.group([bob], { name: 'Rowing', category: 'Sports' });
  const reel = (likes) => ({
    _id: newId(), user: bob.id, chat: busy._id, description: 'Pool party', tag: 'Party', video: 'https://x.example/a.mp4',
    hashtags: ['pool'], isAnonymous: false, views: 10, likes, superLikes: 1, shares: 2, comments: 3,
  });
  const reels = [reel(1), reel(2), { ...reel(3), isAnonymous: true }];
  await sync(natter, { reels });
  refused(await eve.call('POST', `/chats/${busy._id}/participants`), 403);
  const { chats, count } = await eve.get('/chats/explore/communities?search=chess');
  assert.deepEqual([count, chats.map(({ _id }) => _id)], [2, [busy._id, quiet._id]]);
  const [first, second] = chats;
  fields(first, '_id', 'creator', 'isGroup', 'category', 'name', 'allowPublicPost', 'participants', 'restricted', 'tags',
    'createdAt', 'updatedAt', 'unread', 'reelsCount', 'request', 'reels', 'isJoined', 'participantsCount');
  assert.deepEqual([first.creator, first.isJoined, first.reelsCount, first.participantsCount], [ada.profile, false, 3, 2]);
  assert.deepEqual(first.participants.map(({ user }) => user).sort(), [ada.id, bob.id].sort());
  fields(first.request, '_id', 'user', 'chat', 'status', 'createdAt');
  assert.deepEqual([first.request.user, first.request.chat, first.request.status], [eve.id, busy._id, 'pending']);
  assert.deepEqual(first.reels.map(({ _id }) => _id), reels.map(({ _id }) => _id).reverse(), 'the newest first');
  assert.ok(!('user' in first.reels[0]), 'an anonymous reel has no author');
  const { createdAt, updatedAt, ...shown } = first.reels[1];
  assert.match(createdAt, TIME);
  assert.match(updatedAt, TIME);
  assert.deepEqual(shown, {
    ...reels[1], user: { ...bob.profile, isFollowed: true }, isLiked: false, isSuperLiked: false, isFavorite: false,
  });
  assert.deepEqual([second.reels, second.reelsCount, 'request' in second], [[], 0, false]);
  const own = (await ada.get('/chats/explore/communities?search=chess&category=Clubs')).chats;
  assert.deepEqual(own.map(({ _id, isJoined, areYouAdmin }) => [_id, isJoined, areYouAdmin]), [[quiet._id, true, true]]);
  assert.equal((await eve.get('/chats/explore/communities?search=chess&reelsLimit=1')).chats[0].reels.length, 1);
  const page = await eve.get('/chats/explore/communities?search=chess&limit=1&page=2');
  assert.deepEqual([page.count, page.chats.map(({ _id }) => _id)], [2, [quiet._id]]);
  for (const query of ['', '?search=ch', '?search=%20%20%20', '?search=chess&limit=0', '?search=chess&reelsLimit=21', '?search=chess&reelsLimit=x']) {
    refused(await eve.call('GET', `/chats/explore/communities${query}`), 400);
  }
  await ada.ok('DELETE', `/chats/${quiet._id}`);
  assert.equal((await eve.get('/chats/explore/communities?search=chess')).count, 1);
});
