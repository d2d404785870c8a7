// The official client in a browser, as a shop's page has it: three generations, over every transport.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { said, scoped } from '../openchat/live.js';
import { Partner, startOpenChat, succeeds } from '../openchat/support.js';
import { startChromium } from './chromium.js';

const GENERATIONS = { 2: 'socket.io-client-2', 3: 'socket.io-client-3', 4: 'socket.io-client' };
const TRANSPORTS = { polling: ['polling'], websocket: ['websocket'], upgrade: ['polling', 'websocket'] };

let natter;
let partner;
let pages;
let browser;
let stopBrowser;

/** Serves an empty page of another origin than the node's, with the client of one generation. */
async function servePages() {
  const require = createRequire(import.meta.url);
  const scripts = {};
  for (const [generation, name] of Object.entries(GENERATIONS)) {
    const root = dirname(require.resolve(`${name}/package.json`));
    scripts[`/${generation}.js`] = await readFile(join(root, 'dist/socket.io.js'));
  }
  const server = createServer(({ url }, response) => {
    const generation = url.slice(1);
    const page = `<!doctype html><title>${generation}</title><script src="/${generation}.js"></script>`;
    response.setHeader('Content-Type', scripts[url] ? 'text/javascript' : 'text/html');
    response.end(scripts[url] ?? page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

before(async () => {
  pages = await servePages();
  // By its name: the oldest generation always sends credentials, which no browser lets it do where any origin may.
  const origin = `http://127.0.0.1:${pages.address().port}`;
  natter = await startOpenChat({ NATTER__SERVER__ALLOWED_ORIGINS__0: origin });
  partner = await Partner.register(natter);
  ({ browser, stop: stopBrowser } = await startChromium());
});
after(async () => {
  await stopBrowser?.();
  pages?.close();
  await natter?.remove();
});

/** In the page: connects, joins, sends, and answers with what it has seen. */
async function talk({ url, token, transports, room, user, event, expected }) {
  const socket = window.io(url, { transports, forceNew: true, auth: { token }, query: { token } });
  const patience = (promise, what) => Promise.race([
    promise, new Promise((_, fail) => setTimeout(() => fail(new Error(`no ${what}`)), 15_000)),
  ]);
  const heard = [];
  socket.on(event, ({ seq, message }) => heard.push([seq, message]));
  const ask = (name, payload) => patience(new Promise((done) => socket.emit(name, payload, done)), name);
  await patience(new Promise((done) => socket.on('connect', done)), 'connect');
  const joined = await ask('join-room', room);
  const sent = await ask('send', {
    room_id: room, sender_by: 'user', sender_id: user, sender_name: 'Ann', message: 'from the page 🎉',
  });
  window.isReady = true;
  await patience(new Promise((done) => {
    const look = setInterval(() => {
      if (heard.length < expected) return;
      clearInterval(look);
      done();
    }, 20);
  }), 'messages');
  const transport = socket.io.engine.transport.name;
  socket.close();
  return { heard, joined, sent, transport };
}

for (const generation of Object.keys(GENERATIONS)) {
  for (const [name, transports] of Object.entries(TRANSPORTS)) {
    test(`a customer's page talks to a shop (${generation}, ${name})`, { timeout: 60_000 }, async () => {
      const user = `user_${generation}_${name}`;
      const room = await partner.room('shop', user);
      const token = await scoped(partner, 'user', user);
      const page = await browser.newPage();
      try {
        await page.goto(`http://127.0.0.1:${pages.address().port}/${generation}`);
        const talking = page.evaluate(talk, {
          url: natter.openChat, token, transports, room, user, event: `${partner.username}_${room}`, expected: 11,
        });
        await page.waitForFunction(() => window.isReady);
        for (let at = 2; at <= 11; at += 1) {
          succeeds(await partner.post('/v2/chats/send', said('shop', 'shop', `${at}`, { room_id: room })), 201);
        }
        const { heard, joined, sent, transport } = await talking;
        assert.deepEqual([joined.code, sent.code, sent.data.seq], ['0000', '0000', 1]);
        const others = Array.from({ length: 10 }, (_, at) => [at + 2, `${at + 2}`]);
        assert.deepEqual(heard, [[1, 'from the page 🎉'], ...others]);
        assert.equal(transport, name === 'polling' ? 'polling' : 'websocket');
      } finally {
        await page.close();
      }
    });
  }
}
