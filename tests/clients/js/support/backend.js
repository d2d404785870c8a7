// A tenant's backend: answers natter's questions and keeps them.

import { once } from 'node:events';
import { createServer } from 'node:http';

import { pause } from './natter.js';

const UNTIL_MS = 15_000;

export class Backend {
  /**
   * `answers` maps a path without its slash to a function from the question to the answer; without one (`undefined`) the
   * backend breaks off.
   */
  static async start(answers) {
    const backend = new Backend();
    backend.log = [];
    backend.server = createServer(async (request, response) => {
      const chunks = await request.toArray();
      const question = JSON.parse(Buffer.concat(chunks).toString());
      const event = request.url.slice(1);
      backend.log.push({ event, question, headers: request.headers });
      const answer = answers[event](question);
      if (answer === undefined) {
        response.destroy();
        return;
      }
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(answer));
    });
    backend.server.listen(0, '127.0.0.1');
    await once(backend.server, 'listening');
    return backend;
  }

  url(event) {
    return `http://127.0.0.1:${this.server.address().port}/${event}`;
  }

  questions(event) {
    return this.log.filter((each) => each.event === event).map((each) => each.question);
  }

  /** Waits for a number of questions about a user. */
  async asked(event, user, count = 1) {
    const end = Date.now() + UNTIL_MS;
    for (;;) {
      const questions = this.questions(event).filter((each) => each.user === user);
      if (questions.length >= count) return questions;
      if (Date.now() > end) throw new Error(`${questions.length} of ${count} questions ${event} about ${user}`);
      await pause(10);
    }
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
