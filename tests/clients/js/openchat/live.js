// A partner's clients on sockets, and what they get.

import assert from 'node:assert/strict';

import { pause } from '../support/natter.js';
import { ask, connected, event } from '../support/sockets.js';
import { succeeds } from './support.js';

const ATTEMPTS = 400;
const PAUSE_MS = 25;
/** Longer than a side is still shown as online after its last socket is gone. */
export const PAST_GRACE_MS = 3_000;

/** Everything that a socket gets from now on, as `[name, payload]`. */
export function listen(socket, names) {
  const heard = [];
  for (const name of names) socket.on(name, (payload) => heard.push([name, payload]));
  return heard;
}

/** Waits until a list has so many entries, and checks that it has no more. */
export async function reach(list, count) {
  for (let attempt = 0; attempt < ATTEMPTS && list.length < count; attempt += 1) await pause(PAUSE_MS);
  assert.equal(list.length, count, JSON.stringify(list));
  return list;
}

/** The data of an acknowledgement that says that it went well. */
export async function does(socket, name, ...args) {
  const [envelope] = await ask(socket, name, ...args);
  assert.deepEqual([envelope.status, envelope.code], [true, '0000'], JSON.stringify(envelope));
  assert.equal(typeof envelope.message, 'string');
  return envelope.data;
}

/** Checks that an event is refused with a code. */
export async function refuses(code, socket, name, ...args) {
  const [envelope] = await ask(socket, name, ...args);
  assert.deepEqual([envelope.status, envelope.code], [false, code], JSON.stringify(envelope));
  assert.ok(envelope.message && !('data' in envelope));
}

/** Why a client is not let in: the error's data, which is all that the oldest generation gets. */
export async function refusal(socket, { revision }) {
  const [error] = await event(socket, revision === 3 ? 'error' : 'connect_error');
  if (revision === 4) assert.equal(error.message, 'Unauthorized');
  return revision === 3 ? error : error.data;
}

/** Opens a socket with a token. */
export function as(open, token, options = {}) {
  return connected(open('/', { auth: { token }, ...options }));
}

/** A token that acts for one shop or user only. */
export async function scoped(partner, by, id, more = {}) {
  return succeeds(await partner.post('/v2/auth/socket-token', { by, id, ...more }), 201).token;
}

/** A message of a side. */
export const said = (by, id, message, place) => ({
  sender_by: by, sender_id: id, sender_name: `the ${by}`, message, ...place,
});
