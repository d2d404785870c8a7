// Commands of the protocol, one by one, for what no client library would send.

import { once } from 'node:events';

import WebSocket from 'ws';

import { token } from './token.js';

const ANSWER_TIMEOUT_MS = 15_000;

export class Commands {
  /** Opens a connection of a user, and connects; `claims` are further ones of its token. */
  static async open(natter, user = 'ada', claims = {}) {
    const commands = new Commands();
    commands.socket = new WebSocket(natter.url);
    commands.waiting = new Map();
    commands.pushes = [];
    commands.lastId = 0;
    commands.socket.on('message', (data) => commands.received(data.toString()));
    commands.closed = once(commands.socket, 'close').then(([code]) => code);
    await once(commands.socket, 'open');
    commands.connected = await commands.ask({ connect: { token: token({ sub: user, ...claims }) } });
    return commands;
  }

  received(frame) {
    for (const line of frame.split('\n')) {
      const reply = JSON.parse(line);
      if (reply.push) this.pushes.push(reply.push);
      else if (reply.id) this.waiting.get(reply.id)?.(reply);
      else this.socket.send('{}');
    }
  }

  /** Sends commands in one frame; resolves to their replies. */
  askAll(...commands) {
    const replies = commands.map((command) => {
      this.lastId += 1;
      command.id = this.lastId;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no answer to ${JSON.stringify(command)}`)), ANSWER_TIMEOUT_MS);
        this.waiting.set(command.id, (reply) => { clearTimeout(timer); resolve(reply); });
        this.closed.then(() => clearTimeout(timer));
      });
    });
    this.socket.send(commands.map((command) => JSON.stringify(command)).join('\n'));
    return Promise.all(replies);
  }

  async ask(command) {
    const [reply] = await this.askAll(command);
    return reply;
  }

  /** The result of a subscribe command. */
  async subscribe(request) {
    return (await this.ask({ subscribe: request })).subscribe;
  }

  /** The code of the error of a subscribe command. */
  async refusal(request) {
    return (await this.ask({ subscribe: request })).error?.code;
  }

  close() {
    this.socket.terminate();
  }
}
