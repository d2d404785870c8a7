// The demo page, as whoever starts natter sees it: with the official client that the binary has, and with the small one
// that a binary has which was built without a network.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Natter } from '../support/natter.js';
import { startChromium } from './chromium.js';

const SMALL_CLIENT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../../broker/server/src/demo/small_client.js');

let natter;
let browser;
let stopBrowser;

before(async () => {
  natter = await Natter.start({}, null);
  ({ browser, stop: stopBrowser } = await startChromium());
});
after(async () => {
  await stopBrowser?.();
  await natter?.remove();
});

/** One of the page's two panes. */
class Pane {
  constructor(page, user) {
    this.root = page.locator(`.pane[data-user=${user}]`);
  }

  async is(state) {
    await this.root.and(this.root.page().locator(`[data-state=${state}]`)).waitFor();
  }

  async send(text) {
    await this.root.locator('.send input').fill(text);
    await this.root.locator('.send button').click();
  }

  toggle() {
    return this.root.locator('.toggle').click();
  }

  async shows(text) {
    await this.root.locator('.log li', { hasText: text }).first().waitFor();
  }

  /** The messages in the log: offset, sender, text, and whether they came by a recovery or from the history. */
  async messages() {
    const rows = await this.root.locator('.log li.message').evaluateAll((all) => all.map((row) => [
      ...[...row.children].map((child) => child.textContent), row.classList.contains('replayed'),
    ]));
    return rows;
  }

  async present(count) {
    await this.root.locator('.presence .count', { hasText: new RegExp(`^${count}$`) }).waitFor();
  }
}

/** Opens the page on a channel, and collects what goes wrong in it. */
async function open(channel, client) {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  if (client) await page.route('**/demo/centrifuge.js', (route) => route.fulfill({ path: client }));
  await page.goto(`${natter.http}/`);
  await page.locator('#channel').fill(channel);
  await page.locator('#channel-form button').click();
  const [alice, bob] = ['alice', 'bob'].map((user) => new Pane(page, user));
  await Promise.all([alice, bob].map((pane) => pane.shows(`channel ${channel}`)));
  await Promise.all([alice, bob].map((pane) => pane.shows('subscribed at offset')));
  return { page, alice, bob, faults };
}

test('the binary has the official client, unchanged and with its licence', async () => {
  const root = dirname(createRequire(import.meta.url).resolve('centrifuge'));
  const official = await readFile(join(root, '../dist/centrifuge.js'), 'utf8');
  const licence = await readFile(join(root, '../LICENSE'), 'utf8');
  const served = await (await fetch(`${natter.http}/demo/centrifuge.js`)).text();
  assert.ok(served.endsWith(official));
  assert.ok(served.startsWith(`/*!\n${licence}`));
});

for (const [name, client] of [['official', null], ['small', SMALL_CLIENT]]) {
  test(`two panes talk, and one recovers what it missed (${name} client)`, { timeout: 90_000 }, async () => {
    const { page, alice, bob, faults } = await open(`demo-${name}`, client);
    try {
      await Promise.all([alice.present(2), bob.present(2)]);
      await alice.send('hello');
      await bob.shows('hello');
      await bob.send('hi <b>there</b>');
      await alice.shows('hi <b>there</b>');

      await bob.toggle();
      await bob.is('disconnected');
      await alice.present(1);
      for (const text of ['one', 'two', 'three']) {
        await alice.send(text);
        await alice.shows(text);
      }
      await bob.toggle();
      await bob.is('connected');
      await bob.shows('recovered 3 messages');
      await bob.shows('three');
      await alice.present(2);
      await alice.send('live again');
      await bob.shows('live again');

      const texts = ['hello', 'hi <b>there</b>', 'one', 'two', 'three', 'live again'];
      const expected = texts.map((text, at) => [`#${at + 1}`, at === 1 ? 'bob' : 'alice', text, at >= 2 && at <= 4]);
      assert.deepEqual(await bob.messages(), expected);
      await bob.root.locator('.history').click();
      await bob.shows('history: the last 6 of 6');
      assert.deepEqual((await bob.messages()).slice(6), expected.map(([offset, user, text]) => [offset, user, text, true]));
      assert.deepEqual(faults, []);
    } finally {
      await page.close();
    }
  });

  test(`a pane comes back by itself when natter is restarted (${name} client)`, { timeout: 90_000 }, async () => {
    const { page, alice, bob } = await open(`durable:restart-${name}`, client);
    try {
      await alice.send('before');
      await bob.shows('before');
      await natter.crash();
      await Promise.all([alice.is('waiting'), bob.is('waiting')]);
      await natter.launch();
      await Promise.all([alice.is('connected'), bob.is('connected')]);
      await bob.shows('recovered 0 messages');
      await alice.shows('recovered 0 messages');
      await bob.send('after');
      await alice.shows('after');
      assert.deepEqual((await alice.messages()).map(([offset]) => offset), ['#1', '#2']);
    } finally {
      await page.close();
    }
  });

  test(`a channel that keeps nothing has no offsets and no history (${name} client)`, { timeout: 60_000 }, async () => {
    const { page, alice, bob, faults } = await open(`fast:demo-${name}`, client);
    try {
      await alice.send('gone at once');
      await bob.shows('gone at once');
      assert.deepEqual(await bob.messages(), [['', 'alice', 'gone at once', false]]);
      await bob.root.locator('.history').click();
      await bob.shows('no history');
      assert.deepEqual(faults, []);
    } finally {
      await page.close();
    }
  });
}
