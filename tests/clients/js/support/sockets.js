// The official Socket.IO clients of three generations over every transport, and promises for their events.

import { test } from 'node:test';

import { io as io4 } from 'socket.io-client';
import io2 from 'socket.io-client-2';
import { io as io3 } from 'socket.io-client-3';

const EVENT_TIMEOUT_MS = 15_000;

export const GENERATIONS = [
  { name: '2', io: io2, revision: 3 },
  { name: '3', io: io3, revision: 4 },
  { name: '4', io: io4, revision: 4 },
];

export const TRANSPORTS = [
  { name: 'polling', transports: ['polling'] },
  { name: 'websocket', transports: ['websocket'] },
  { name: 'upgrade', transports: ['polling', 'websocket'] },
];

/** One test for each generation and transport; `body` gets a function that opens clients. */
export function withEveryClient(name, server, body, { generations = GENERATIONS, transports = TRANSPORTS } = {}) {
  for (const generation of generations) {
    for (const transport of transports) {
      test(`${name} (${generation.name}, ${transport.name})`, { timeout: 60_000 }, async () => {
        const clients = [];
        const open = (namespace = '/', options = {}) => {
          const client = openClient(server().url, namespace, generation, transport, options);
          clients.push(client);
          return client;
        };
        try {
          await body({ open, generation, transport });
        } finally {
          clients.forEach((client) => client.close());
        }
      });
    }
  }
}

function openClient(url, namespace, { io, revision }, { transports }, { auth, ...options }) {
  // The oldest generation has no auth: what it wants to say stands in the namespace's query.
  const query = auth && revision === 3 ? `?${new URLSearchParams(auth)}` : '';
  return io(`${url}${namespace}${query}`, {
    transports,
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    ...(revision === 4 && auth ? { auth } : {}),
    ...options,
  });
}

/** The next event of a name, as the list of its arguments. */
export function event(socket, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.off(name, listen);
      reject(new Error(`no ${name} event`));
    }, EVENT_TIMEOUT_MS);
    function listen(...args) {
      clearTimeout(timer);
      socket.off(name, listen);
      resolve(args);
    }
    socket.on(name, listen);
  });
}

/** The arguments of a socket's acknowledgement. */
export function ask(socket, name, ...args) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} was not acknowledged`)), EVENT_TIMEOUT_MS);
    socket.emit(name, ...args, (...answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

export async function connected(socket) {
  if (!socket.connected) await event(socket, 'connect');
  return socket;
}

/** Resolves when the connection runs over the transport that it is meant to end up with. */
export async function settled(socket, { name }) {
  await connected(socket);
  const wanted = name === 'polling' ? 'polling' : 'websocket';
  const engine = socket.io.engine;
  if (engine.transport.name !== wanted) await event(engine, 'upgrade');
  return engine.transport.name;
}
