// Link previews: the message is answered at once, the preview follows as message.updated, private addresses are not asked.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { pause } from '../support/natter.js';
import { start, User } from './support/sdk.js';

const PAGE = `<!doctype html><html><head><title>Plain title</title>
<meta property="og:title" content="A page &amp; more"><meta property="og:description" content="What it says">
<meta property="og:site_name" content="Stand-in"><meta property="og:type" content="article">
<meta property="og:image" content="/picture.png"></head><body></body></html>`;

/** Pages on a loopback address, which answer when they are told to. */
class Pages {
  static async start(address) {
    const pages = Object.assign(new Pages(), { asked: [], held: Promise.resolve() });
    pages.server = createServer(async (request, response) => {
      pages.asked.push(request.url);
      await pages.held;
      if (request.url === '/moved') return response.writeHead(302, { Location: pages.elsewhere }).end();
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
      return response.end(PAGE);
    });
    pages.server.listen(0, address);
    await once(pages.server, 'listening');
    pages.base = `http://${address}:${pages.server.address().port}`;
    return pages;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

let natter;
let pages;
let hidden;
let alice;
before(async () => {
  pages = await Pages.start('127.0.0.1');
  hidden = await Pages.start('127.0.0.2');
  pages.elsewhere = `${hidden.base}/secret`;
  natter = await start({ NATTER__LINK_PREVIEWS__ALLOW_HOSTS__0: '127.0.0.1', NATTER__WEBHOOKS__RETRY_INITIAL_MS: '50' });
  alice = await User.sign(natter, 'alice', { name: 'Alice' });
});
after(async () => {
  pages.held = Promise.resolve();
  await natter.remove();
  pages.stop();
  hidden.stop();
});

async function untilIdle() {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if ((await natter.outbox('list', '--waiting')).length === 0) return;
    await pause(50);
  }
  throw new Error('the queue does not get empty');
}

test('the message is answered before its link is, and updated after', async () => {
  const { id } = await alice.group('Links');
  const live = await alice.connect();
  await live.watch(id);
  let release;
  pages.held = new Promise((done) => { release = done; });
  const url = `${pages.base}/article`;
  const message = await alice.say(id, `Look: ${url}.`);
  assert.equal((message.linkPreviews ?? []).length, 0);
  assert.equal((await live.next('message.new')).payload.message.id, message.id);
  assert.equal(live.events.filter(({ type }) => type === 'message.updated').length, 0);
  release();
  const { payload } = await live.next('message.updated');
  const expected = {
    url, title: 'A page & more', description: 'What it says', siteName: 'Stand-in', type: 'article',
    image: `${pages.base}/picture.png`,
  };
  assert.equal(payload.message.id, message.id);
  assert.deepEqual(payload.message.linkPreviews, [expected]);
  const read = await alice.get(`/api/channels/${id}/messages/${message.id}`);
  assert.deepEqual([read.linkPreviews, read.text, read.seq], [[expected], `Look: ${url}.`, 1]);
  assert.deepEqual(pages.asked, ['/article']);
  live.close();
});

test('a private address is not asked, neither at once nor by a redirect', async () => {
  const { id } = await alice.group('Private');
  const direct = await alice.say(id, `${hidden.base}/secret`);
  const moved = await alice.say(id, `${pages.base}/moved`);
  await untilIdle();
  assert.ok(pages.asked.includes('/moved'));
  assert.deepEqual(hidden.asked, []);
  for (const each of [direct, moved]) {
    const { linkPreviews = [] } = await alice.get(`/api/channels/${id}/messages/${each.id}`);
    assert.deepEqual(linkPreviews, []);
  }
});

test('an edit that takes the link away takes its preview away', async () => {
  const { id } = await alice.group('Edited');
  const message = await alice.say(id, `${pages.base}/edited`);
  await untilIdle();
  const path = `/api/channels/${id}/messages/${message.id}`;
  assert.equal((await alice.get(path)).linkPreviews.length, 1);
  await alice.ok('PATCH', path, { text: 'no link any more' });
  await untilIdle();
  assert.deepEqual((await alice.get(path)).linkPreviews ?? [], []);
});
