// A node that serves the Open Chat document, and a partner of it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

import { Natter } from '../support/natter.js';

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a node with one listener more, which serves everything. */
export async function startOpenChat(settings = {}) {
  const port = await freePort();
  const natter = await Natter.start({
    NATTER__LISTENERS__1__ADDRESS: `127.0.0.1:${port}`,
    NATTER__SERVER__PUBLIC_URL: `http://127.0.0.1:${port}`,
    NATTER__PLUGINS__OPENCHAT__REGISTRATIONS_PER_MINUTE: '100000',
    NATTER__WEBHOOKS__RETRY_INITIAL_MS: '50',
    ...settings,
  });
  natter.openChat = `http://127.0.0.1:${port}`;
  return natter;
}

/** An answer: its status, headers and envelope. */
export async function ask(base, method, path, { token, body, headers = {} } = {}) {
  const isForm = body instanceof FormData;
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(token ? { Authorization: token } : {}),
      ...(body && !isForm ? { 'Content-Type': 'application/json' } : {}),
      ...headers,
    },
    body: body === undefined || isForm || typeof body === 'string' ? body : JSON.stringify(body),
  });
  const json = await response.json();
  return { status: response.status, headers: response.headers, json, data: json.data };
}

/** Checks a success, and answers with its data. */
export function succeeds(answer, status) {
  assert.equal(answer.status, status, JSON.stringify(answer.json));
  assert.equal(answer.json.status, true);
  assert.equal(answer.json.code, '0000');
  assert.equal(typeof answer.json.message, 'string');
  return answer.data;
}

/** Checks an error by its status and code. */
export function fails(answer, status, code) {
  assert.deepEqual([answer.status, answer.json.code], [status, code], JSON.stringify(answer.json));
  assert.equal(answer.json.status, false);
  assert.ok(answer.json.message.length > 0);
  assert.ok(!('data' in answer.json));
}

/** A registered partner with calls of its own. */
export class Partner {
  static async register(natter, username = `p_${randomUUID().slice(0, 13)}`) {
    const body = { username, email: `${username}@example.com` };
    const data = succeeds(await ask(natter.openChat, 'POST', '/v2/auth/register', { body }), 201);
    return Object.assign(new Partner(), { base: natter.openChat, ...data, token: data.access_token });
  }

  get(path, options = {}) {
    return ask(this.base, 'GET', path, { token: this.token, ...options });
  }

  post(path, body, options = {}) {
    return ask(this.base, 'POST', path, { token: this.token, body, ...options });
  }

  async room(shop_id, user_id, names = {}) {
    const answer = await this.post('/v2/chats/rooms', { shop_id, user_id, ...names });
    return succeeds(answer, answer.status)._id;
  }
}
