// The example server with the events of our own tests, on a port of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';

import { pause } from './natter.js';

const START_ATTEMPTS = 200;
const START_PAUSE_MS = 50;

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class Conformance {
  /** Starts the example, which is built beside the natter program. */
  static async start(...options) {
    if (!process.env.NATTER_BIN) throw new Error('NATTER_BIN must name the natter program');
    const program = resolve(dirname(resolve(process.env.NATTER_BIN)), 'examples/socketio_conformance');
    const server = new Conformance();
    server.port = await freePort();
    server.process = spawn(program, ['--usual-pings', '--port', String(server.port), ...options], { stdio: 'inherit' });
    server.exited = once(server.process, 'exit');
    await server.ready();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async ready() {
    for (let attempt = 0; attempt < START_ATTEMPTS && this.process.exitCode === null; attempt += 1) {
      const answer = await fetch(`${this.url}/socket.io/`).catch(() => null);
      if (answer) return;
      await pause(START_PAUSE_MS);
    }
    throw new Error('the example did not become ready; build it with cargo build -p natter-socketio --examples');
  }

  async stop() {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}
