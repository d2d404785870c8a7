// The page: an email address, a code, then the chat. The token stays in this browser, one for each chat.

import { follow } from './live.js';

const TYPING_MS = 6_000;
const at = (id) => document.getElementById(id);
const base = new URL('..', location.href);
const chatId = location.pathname.split('/').pop();
const api = new URL(`api/chats/${chatId}`, base).href;
const place = `natter/connectnow/${chatId}`;
const fragment = new URLSearchParams(location.hash.slice(1));

let token = localStorage.getItem(place);
let own = null;
let newest = null;
let stop = () => {};
let typingTimer = null;

class Refused extends Error {
  constructor(status, body) {
    super(Object.values(body.errors ?? {}).flat().join(' ') || body.message || `The server answered ${status}.`);
    this.status = status;
  }
}

async function call(method, url, body) {
  const headers = { Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers['Content-Type'] = 'application/json';
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const json = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, json);
  return json;
}

function show(part) {
  for (const id of ['ask', 'enter', 'chat']) at(id).hidden = id !== part;
  at('password-label').hidden = fragment.has('password');
}

function notice(text) {
  at('notice').textContent = text;
  at('notice').hidden = !text;
}

/** Does a form's work once at a time, and says what went wrong. */
function submits(id, work) {
  at(id).addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = at(id).querySelector('button');
    button.disabled = true;
    notice('');
    try {
      await work();
    } catch (error) {
      notice(error.message);
      if (error.status === 401) forget();
    } finally {
      button.disabled = false;
    }
  });
}

function forget() {
  stop();
  localStorage.removeItem(place);
  token = null;
  own = null;
  newest = null;
  at('messages').replaceChildren();
  show('ask');
}

function draw(message) {
  const known = at(`message-${message.id}`);
  const item = known ?? document.createElement('li');
  item.id = `message-${message.id}`;
  item.className = message.chat_user_id === own.id ? 'own' : '';
  const by = Object.assign(document.createElement('span'), { className: 'by', textContent: message.chat_user.name });
  const time = document.createElement('time');
  time.dateTime = message.created_at;
  time.textContent = new Date(message.created_at).toLocaleTimeString() + (message.edited ? ' · edited' : '');
  const text = Object.assign(document.createElement('p'), { textContent: message.message });
  item.replaceChildren(by, time, text);
  if (known) return;
  at('messages').append(item);
  at('messages').scrollTop = at('messages').scrollHeight;
  newest = message.id;
}

/** Reads what is not on the page yet. */
async function catchUp() {
  try {
    if (!newest) {
      const { meta } = await call('GET', `${api}/messages?per_page=100`);
      const last = await call('GET', `${api}/messages?per_page=100&page=${meta.last_page}`);
      last.data.forEach(draw);
      return;
    }
    for (;;) {
      const page = await call('GET', `${api}/messages?per_page=100&after=${newest}`);
      page.data.forEach(draw);
      if (!page.links.next) return;
    }
  } catch (error) {
    if (error.status === 401) ended();
  }
}

function ended() {
  forget();
  notice('You are not in this chat any more. Ask for a new code to come back.');
}

/** An id of an event, which is a UUID, as this API writes it. */
function plain(uuid) {
  const digits = uuid.replaceAll('-', '');
  return digits.slice(0, 12) + digits.slice(13, 16) + digits.slice(17, 26);
}

// The events are those of the channel; what a message looks like is asked for, so that there is one shape of it here.
async function happened({ type, payload }) {
  if (type === 'typing.start' && payload.userId !== own.id) typing(payload.user.name);
  if (type === 'message.deleted') at(`message-${plain(payload.messageId)}`)?.remove();
  if (type === 'message.new') {
    typing('');
    await catchUp();
  }
  if (type === 'message.updated' && at(`message-${plain(payload.message.id)}`)) {
    const { data } = await call('GET', `${api}/messages/${plain(payload.message.id)}`).catch(() => ({}));
    if (data) draw(data);
  }
}

function typing(name) {
  at('typing').textContent = name ? `${name} is writing …` : '';
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => { at('typing').textContent = ''; }, TYPING_MS);
}

async function open() {
  const { data } = await call('GET', new URL('api/chat-user', base).href);
  own = data;
  at('title').textContent = data.chat.name;
  document.title = data.chat.name;
  show('chat');
  const url = new URL('connection/websocket', base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  stop();
  stop = follow(url.href, token, {
    event: happened,
    caughtUp: catchUp,
    look: catchUp,
    state: (text) => { at('state').textContent = text; },
    ended,
  });
}

submits('ask', async () => {
  const [email, name] = [at('email').value.trim(), at('name').value.trim()];
  const password = fragment.get('password') ?? at('password').value.trim();
  await call('POST', `${api}/users/send-code`, { email, ...(name && { name }), ...(password && { password }) });
  at('address').textContent = email;
  at('code').value = '';
  show('enter');
  at('code').focus();
});

submits('enter', async () => {
  const body = { email: at('email').value.trim(), 'auth-code': at('code').value.trim() };
  const { data } = await call('POST', `${api}/users/get-token`, body);
  token = data.chat_user_token;
  localStorage.setItem(place, token);
  await open();
});

submits('say', async () => {
  const { data } = await call('POST', `${api}/messages`, { message: at('text').value });
  at('text').value = '';
  if (!at(`message-${data.id}`)) await catchUp();
});

at('text').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    at('say').requestSubmit();
  }
});
at('again').addEventListener('click', () => show('ask'));
at('leave').addEventListener('click', forget);

if (token) {
  open().catch((error) => (error.status === 401 ? forget() : notice(error.message)));
} else {
  show('ask');
}
