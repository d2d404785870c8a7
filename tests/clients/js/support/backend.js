// A tenant's backend: answers natter's questions and keeps them.

import { once } from 'node:events';
import { createServer } from 'node:http';

export class Backend {
  /** `answers` maps a path without its slash to a function from the question to the answer. */
  static async start(answers) {
    const backend = new Backend();
    backend.asked = [];
    backend.server = createServer(async (request, response) => {
      const chunks = await request.toArray();
      const question = JSON.parse(Buffer.concat(chunks).toString());
      const event = request.url.slice(1);
      backend.asked.push({ event, question, headers: request.headers });
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(answers[event](question)));
    });
    backend.server.listen(0, '127.0.0.1');
    await once(backend.server, 'listening');
    return backend;
  }

  url(event) {
    return `http://127.0.0.1:${this.server.address().port}/${event}`;
  }

  questions(event) {
    return this.asked.filter((each) => each.event === event).map((each) => each.question);
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
