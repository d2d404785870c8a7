// What happens in the chat, over the node's WebSocket in Centrifugo's JSON protocol: a small client that knows no more
// of it than this page needs. Where there is no such endpoint, the page looks for messages from time to time.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 20_000;
const LOOK_EVERY_MS = 4_000;
const TRIES_BEFORE_LOOKING = 3;

/**
 * Stays connected with a chat-user token until it is not good any more.
 * `on` has `event(data)`, `caughtUp()` after each connect, `look()` where nothing can be pushed, `state(text)`, `ended()`.
 */
export function follow(url, token, on) {
  let socket = null;
  let failures = 0;
  let timer = null;
  let isOver = false;

  function connect() {
    let isConnected = false;
    on.state('connecting');
    socket = new WebSocket(url);
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, connect: { token } }));
    socket.onmessage = ({ data }) => {
      for (const line of data.split('\n').filter(Boolean)) {
        const reply = JSON.parse(line);
        if (Object.keys(reply).length === 0) socket.send('{}');
        // An expired token will not get better.
        if (reply.error?.code === 109) end();
        if (reply.error) socket.close();
        if (reply.connect) {
          isConnected = true;
          failures = 0;
          on.state('connected');
          on.caughtUp();
        }
        if (reply.push?.pub) on.event(reply.push.pub.data);
      }
    };
    socket.onclose = ({ code }) => {
      if (isOver) return;
      // These codes say: do not come back.
      if (code >= 3500 && code < 4000) return end();
      failures += 1;
      on.state('not connected');
      if (failures >= TRIES_BEFORE_LOOKING && !isConnected) on.look();
      const wait = Math.min(FIRST_WAIT_MS * 2 ** failures, LONGEST_WAIT_MS);
      timer = setTimeout(connect, failures >= TRIES_BEFORE_LOOKING ? LOOK_EVERY_MS : wait * (0.5 + Math.random() / 2));
    };
  }

  function end() {
    isOver = true;
    on.state('');
    on.ended();
  }

  connect();
  return () => {
    isOver = true;
    clearTimeout(timer);
    socket.close();
  };
}
