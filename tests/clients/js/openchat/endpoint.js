// A partner's server: what it was told, and what it answers.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { fileURLToPath } from 'node:url';

import { pause } from '../support/natter.js';

const file = (name) => fileURLToPath(new URL(`certificates/${name}`, import.meta.url));
const ATTEMPTS = 600;
const PAUSE_MS = 50;

/** Settings of a node that reaches such a server. */
export const trusting = () => ({
  NATTER__WEBHOOKS__ALLOW_HOSTS__0: '127.0.0.1',
  NATTER__WEBHOOKS__EXTRA_CA__0: file('authority.pem'),
  NATTER__WEBHOOKS__RETRY_MAX_MS: '200',
});

export class Endpoint {
  static async start() {
    const endpoint = Object.assign(new Endpoint(), { told: [], tries: [], status: 200 });
    const options = { key: readFileSync(file('server.key.pem')), cert: readFileSync(file('server.pem')) };
    endpoint.server = createServer(options, async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      const body = Buffer.concat(parts).toString();
      const told = { ...JSON.parse(body), body, signature: request.headers['x-natter-signature'] };
      endpoint.tries.push(told);
      if (endpoint.status === 200) endpoint.told.push(told);
      response.writeHead(endpoint.status).end();
    });
    endpoint.server.listen(0, '127.0.0.1');
    await once(endpoint.server, 'listening');
    endpoint.url = `https://127.0.0.1:${endpoint.server.address().port}/hook`;
    return endpoint;
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

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
