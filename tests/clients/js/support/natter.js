// A natter of the suite's own: free ports, a data folder that is removed afterwards, started, killed and restarted.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const SUITE = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const CONFIG = join(SUITE, 'natter.toml');
// A shared store makes its keyspace first.
const START_ATTEMPTS = 1200;
const START_PAUSE_MS = 50;
const ANSWER_TIMEOUT_MS = 5_000;
// Between the choice of a port and its use somebody else may take it.
const PORT_CHOICES = 3;

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/**
 * Where nodes of this run keep things: `NATTER_TEST_STORE=scylla` takes the server that `NATTER_TEST_CQL` names, with a
 * keyspace for each node that is started; without it every node has a folder.
 */
export function storeSettings() {
  if (process.env.NATTER_TEST_STORE !== 'scylla') return {};
  const points = (process.env.NATTER_TEST_CQL ?? '').split(',').filter(Boolean);
  if (points.length === 0) throw new Error('NATTER_TEST_CQL must name a CQL server, as host:port');
  return {
    NATTER__STORE__KIND: 'scylla',
    NATTER__STORE__KEYSPACE: `natter_${randomUUID().replaceAll('-', '')}`,
    NATTER__STORE__REPLICATION_FACTOR: String(Math.min(points.length, 3)),
    ...Object.fromEntries(points.map((point, index) => [`NATTER__STORE__CONTACT_POINTS__${index}`, point])),
  };
}

export class Natter {
  /** Starts a node; `settings` are further NATTER__… variables, and without a `config` it starts as it comes. */
  static async start(settings = {}, config = CONFIG) {
    const program = process.env.NATTER_BIN;
    if (!program) throw new Error('NATTER_BIN must name the natter program');
    const natter = new Natter();
    natter.program = resolve(program);
    natter.config = config;
    natter.folder = await mkdtemp(join(tmpdir(), 'natter-js-'));
    natter.settings = { ...storeSettings(), ...settings };
    await natter.launchSomewhere();
    return natter;
  }

  /** Launches on ports that are free; what was started is gone when that fails. */
  async launchSomewhere() {
    for (let choice = 1; ; choice += 1) {
      this.port = await freePort();
      this.internalPort = await freePort();
      try {
        return await this.launch();
      } catch (error) {
        const isTaken = String(error).includes('Address already in use') && choice < PORT_CHOICES;
        if (!isTaken) {
          await this.remove();
          throw error;
        }
      }
    }
  }

  get url() {
    return `ws://127.0.0.1:${this.port}/connection/websocket`;
  }

  get http() {
    return `http://127.0.0.1:${this.port}`;
  }

  get internal() {
    return `http://127.0.0.1:${this.internalPort}`;
  }

  async launch() {
    const log = await open(join(this.folder, 'log'), 'a');
    const env = {
      ...process.env,
      NATTER__LISTENERS__0__ADDRESS: `127.0.0.1:${this.port}`,
      NATTER__SERVER__INTERNAL_ADDRESS: `127.0.0.1:${this.internalPort}`,
      NATTER__SERVER__PUBLIC_URL: this.http,
      NATTER__STORE__PATH: join(this.folder, 'data'),
      ...this.settings,
    };
    const args = this.config ? ['serve', '--config', this.config] : ['serve'];
    this.process = spawn(this.program, args, { cwd: this.folder, env, stdio: ['ignore', log.fd, log.fd] });
    this.exited = once(this.process, 'exit');
    await log.close();
    await this.ready();
  }

  async ready() {
    for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
      if (this.process.exitCode !== null) break;
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const answer = await fetch(`${this.internal}/readyz`, { signal }).catch(() => null);
      if (answer?.status === 200) return;
      await pause(START_PAUSE_MS);
    }
    throw new Error(`natter did not become ready:\n${await readFile(join(this.folder, 'log'), 'utf8')}`);
  }

  /** Ends the process as a crash would. */
  async crash() {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  /** Ends the process as an operator would; resolves to its exit code. */
  async shutDown() {
    this.process.kill('SIGTERM');
    const [code] = await this.exited;
    return code;
  }

  /** Runs a command of the program against the node; resolves to the JSON that it prints. */
  async command(...args) {
    const env = { ...process.env, NATTER_INTERNAL: this.internal, NATTER_ADMIN_TOKEN_FILE: join(this.folder, 'data/admin.token') };
    const child = spawn(this.program, args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const parts = [];
    child.stdout.on('data', (part) => parts.push(part));
    const [code] = await once(child, 'close');
    const text = Buffer.concat(parts).toString();
    if (code !== 0) throw new Error(`natter ${args.join(' ')} exits with ${code}: ${text}`);
    return args.includes('--json') ? JSON.parse(text) : text;
  }

  /** Jobs of the queue, as `natter outbox list` shows them. */
  outbox(...args) {
    return this.command('outbox', ...args, '--json');
  }

  async remove() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.crash();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Calls the server API and returns its `result`. */
  async api(method, params, key = 'demo-api-key') {
    const answer = await this.apiAnswer(method, params, key);
    const body = await answer.json();
    if (body.error) throw Object.assign(new Error(body.error.message), { code: body.error.code });
    return body.result;
  }

  apiAnswer(method, params, key = 'demo-api-key') {
    return fetch(`${this.http}/api/${method}`, {
      method: 'POST',
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      body: JSON.stringify(params),
    });
  }
}
