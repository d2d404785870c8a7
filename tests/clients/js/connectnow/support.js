// A node that serves the Connect Now document, its API users, and the mails that it writes into a folder.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { Natter, pause } from '../support/natter.js';

const MAIL_ATTEMPTS = 300;
const MAIL_PAUSE_MS = 50;

export const ADA = 'ada-api-token';
export const BOB = 'bob-api-token';

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a node with one listener more, which serves everything; `natter.base` is its URL. */
export async function startConnectNow(settings = {}) {
  const port = await freePort();
  const natter = await Natter.start({
    NATTER__LISTENERS__1__ADDRESS: `127.0.0.1:${port}`,
    NATTER__SERVER__PUBLIC_URL: `http://127.0.0.1:${port}`,
    ...settings,
  });
  natter.base = `http://127.0.0.1:${port}`;
  return natter;
}

/** Calls the API. The answer is `{status, body, headers}`. */
export async function call(natter, method, path, { token, body, headers = {} } = {}) {
  const isRaw = body === undefined || typeof body === 'string' || body instanceof FormData || body instanceof URLSearchParams;
  const answer = await fetch(natter.base + path, {
    method,
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(isRaw ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: isRaw ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json');
  return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

/** Calls, and answers with the body's `data` of the expected status. */
export async function ok(natter, method, path, token, body, status = { POST: 201, DELETE: 204 }[method] ?? 200) {
  const answer = await call(natter, method, path, { token, body });
  assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
  return answer.body?.data;
}

const WORDS = {
  401: 'Unauthenticated.',
  403: 'This action is unauthorized.',
  404: 'Not found.',
  429: 'Too Many Attempts.',
};

/** Status and shape of an error; of 422 the names of the wrong fields. */
export function refused(answer, status, ...fields) {
  assert.equal(answer.status, status, answer.text);
  if (status === 422) {
    assert.deepEqual(Object.keys(answer.body).sort(), ['errors', 'message'], answer.text);
    assert.deepEqual(Object.keys(answer.body.errors).sort(), fields.sort(), answer.text);
    assert.ok(Object.values(answer.body.errors).flat().every((text) => typeof text === 'string'));
  } else {
    assert.deepEqual(answer.body, { message: WORDS[status] ?? answer.body?.message }, answer.text);
  }
}

/** The mails to an address, the oldest first. */
export async function mails(natter, to) {
  const folder = join(natter.folder, 'outbox');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.filter((text) => text.includes(`\r\nTo: ${to}\r\n`));
}

/** Waits for the `count`-th mail to an address, and answers with its code. */
export async function code(natter, to, count = 1) {
  for (let attempt = 0; attempt < MAIL_ATTEMPTS; attempt += 1) {
    const found = await mails(natter, to);
    if (found.length >= count) return /\b[1-9]\d{5}\b/.exec(found[count - 1].split('\r\n\r\n')[1])[0];
    await pause(MAIL_PAUSE_MS);
  }
  throw new Error(`no mail number ${count} to ${to}`);
}

/** A company with a chat. */
export async function newChat(natter, name = 'Support', token = ADA) {
  const company = await ok(natter, 'POST', '/api/companies', token, { name: 'Acme' });
  return ok(natter, 'POST', '/api/chats', token, { company_id: company.id, name });
}

/** Makes a chat user, reads the code from the mail, and gets a token. */
export async function enter(natter, chat, email, name) {
  const before = (await mails(natter, email)).length;
  const user = await ok(natter, 'POST', `/api/chats/${chat.id}/users`, ADA, { email, ...(name && { name }) });
  const body = { email, 'auth-code': await code(natter, email, before + 1) };
  const entered = await ok(natter, 'POST', `/chats/${chat.id}/users/get-token`, undefined, body, 200);
  return { ...user, token: entered.chat_user_token, expiresAt: entered.expires_at };
}

/** The id of ChatSDK that an id of this document stands for. */
export function uuid(id) {
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-8${id.slice(12, 15)}-8${id.slice(15, 18)}-${id.slice(18)}000000`;
}

/** Calls ChatSDK's API as a user of the domain. */
export async function chatSdk(natter, user, method, path, body) {
  const headers = { 'X-API-Key': 'demo-api-key' };
  const made = await call(natter, 'POST', '/tokens', { body: { userId: user }, headers });
  const answer = await call(natter, method, path, { token: made.body.token, body, headers });
  assert.ok(answer.status < 300, answer.text);
  return answer.body;
}
