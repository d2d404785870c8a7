// A Chromium of the suite's own, with a profile that is removed afterwards.

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const FLAGS = [
  '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** Resolves to the browser and a function that ends it. */
export async function startChromium() {
  const folder = await mkdtemp(join(tmpdir(), 'natter-browser-'));
  const executablePath = execFileSync('sh', ['-c', 'command -v chromium']).toString().trim();
  const browser = await chromium.launchPersistentContext(folder, {
    executablePath, headless: true, chromiumSandbox: false, args: FLAGS,
  });
  const stop = async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { browser, stop };
}
