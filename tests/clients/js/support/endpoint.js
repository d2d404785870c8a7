// A tenant's own server over https: what it was told by webhooks, and what it answers.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { fileURLToPath } from 'node:url';

import { pause } from './natter.js';

const file = (name) => fileURLToPath(new URL(`../openchat/certificates/${name}`, import.meta.url));
const ATTEMPTS = 1200;
const PAUSE_MS = 50;

/** Who has signed the server's certificate. */
export const AUTHORITY = file('authority.pem');

/** What a node needs to reach it, with repeats that do not take long. */
export const REACHABLE = {
  NATTER__WEBHOOKS__ALLOW_HOSTS__0: '127.0.0.1',
  NATTER__WEBHOOKS__EXTRA_CA__0: AUTHORITY,
  NATTER__WEBHOOKS__RETRY_INITIAL_MS: '50',
  NATTER__WEBHOOKS__RETRY_MAX_MS: '200',
};

/** The server: all tries, and those that it has answered with 200. */
export class Endpoint {
  static async start() {
    const endpoint = Object.assign(new Endpoint(), { told: [], tries: [], status: 200 });
    await endpoint.listen(0);
    return endpoint;
  }

  async listen(port) {
    const options = { key: readFileSync(file('server.key.pem')), cert: readFileSync(file('server.pem')) };
    this.server = createServer(options, async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      const body = Buffer.concat(parts).toString();
      const told = { ...JSON.parse(body), body, signature: request.headers['x-natter-signature'] };
      this.tries.push(told);
      if (this.status === 200) this.told.push(told);
      response.writeHead(this.status).end();
    });
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = this.server.address().port;
    this.url = `https://127.0.0.1:${this.port}/hook`;
  }

  /** Waits until something is so. */
  async until(isSo) {
    for (let attempt = 0; attempt < ATTEMPTS && !isSo(); attempt += 1) await pause(PAUSE_MS);
    assert.ok(isSo(), JSON.stringify(this.tries.map(({ event, data }) => [event, data])));
  }

  async reach(list, count) {
    await this.until(() => list.length >= count);
    return list;
  }

  /** From now on nothing listens. */
  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Listens again, where it did before. */
  resume() {
    return this.listen(this.port);
  }
}

/** Checks a delivery's signature as a receiver would. */
export function signed({ body, signature }, secret) {
  const [, time, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature);
  assert.equal(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'), digest);
}
