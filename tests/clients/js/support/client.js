// The official client in both encodings, and promises for its events.

import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { Centrifuge as JsonCentrifuge } from 'centrifuge';
import { Centrifuge as ProtobufCentrifuge } from 'centrifuge/build/protobuf';
import WebSocket from 'ws';

import { token } from './token.js';

/** The sockets that a client has opened, in order. */
const socketsOf = new WeakMap();

const EVENT_TIMEOUT_MS = 15_000;

const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));
const value = (data) => JSON.parse(new TextDecoder().decode(data));

export const ENCODINGS = [
  { name: 'json', Centrifuge: JsonCentrifuge, encode: (data) => data, decode: (data) => data },
  { name: 'protobuf', Centrifuge: ProtobufCentrifuge, encode: bytes, decode: value },
];

/** One test for each encoding; `body` gets the encoding and a function that opens clients. */
export function inBothEncodings(name, natter, body) {
  for (const encoding of ENCODINGS) {
    test(`${name} (${encoding.name})`, { timeout: 60_000 }, async () => {
      const clients = [];
      const open = (options) => {
        const client = makeClient(natter(), encoding, options);
        clients.push(client);
        return client;
      };
      try {
        await body({ encoding, open, ...encoding });
      } finally {
        clients.forEach((client) => client.disconnect());
      }
    });
  }
}

function makeClient(natter, encoding, { user = 'ada', ...options } = {}) {
  const sockets = [];
  class RecordedWebSocket extends WebSocket {
    constructor(...details) {
      super(...details);
      sockets.push(this);
    }
  }
  const settings = {
    websocket: RecordedWebSocket,
    token: token({ sub: user }),
    minReconnectDelay: 20,
    maxReconnectDelay: 200,
    ...options,
  };
  const client = new encoding.Centrifuge(natter.url, settings);
  socketsOf.set(client, sockets);
  return client;
}

/** The next event of a name for which `accepts` holds. */
export function event(emitter, name, accepts = () => true) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      emitter.off(name, listen);
      reject(new Error(`no ${name} event`));
    }, EVENT_TIMEOUT_MS);
    function listen(context) {
      if (!accepts(context)) return;
      clearTimeout(timer);
      emitter.off(name, listen);
      resolve(context);
    }
    emitter.on(name, listen);
  });
}

/** Keeps the decoded data of all publications, and waits for a number of them. */
export function collect(emitter, decode) {
  const seen = [];
  const waiting = [];
  emitter.on('publication', (context) => {
    seen.push({ ...context, data: decode(context.data) });
    for (const waiter of waiting) if (seen.length >= waiter.count) waiter.resolve(seen);
  });
  const reach = (count) => {
    if (seen.length >= count) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${seen.length} of ${count} publications came`)),
        EVENT_TIMEOUT_MS,
      );
      waiting.push({ count, resolve: (all) => { clearTimeout(timer); resolve(all); } });
    });
  };
  return { seen, reach };
}

export async function connected(client) {
  const done = event(client, 'connected');
  client.connect();
  return done;
}

export async function subscribed(subscription) {
  const done = event(subscription, 'subscribed');
  subscription.subscribe();
  return done;
}

/** Breaks the connection under the client, as a bad network does. */
export function dropConnection(client) {
  socketsOf.get(client).at(-1).terminate();
}

/** A channel name nobody else uses. */
export function freshChannel(namespace = '') {
  const name = `js-${randomUUID()}`;
  return namespace ? `${namespace}:${name}` : name;
}
