// How people get in: codes by mail with their limits, the chat's password, and the command line's API tokens.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { ADA, call, code, mails, newChat, ok, refused, startConnectNow } from './support.js';

describe('codes and passwords', () => {
  let natter;
  before(async () => { natter = await startConnectNow(); });
  after(() => natter.remove());

  const sendCode = (chat, body) => call(natter, 'POST', `/chats/${chat.id}/users/send-code`, { body });
  const getToken = (chat, email, number) =>
    call(natter, 'POST', `/chats/${chat.id}/users/get-token`, { body: { email, 'auth-code': number } });

  test('a mail with a code comes with the chat user, and works once', async () => {
    const chat = await newChat(natter, 'Fragen & Antworten — ü');
    await ok(natter, 'POST', `/api/chats/${chat.id}/users`, ADA, { email: 'first@example.com' });
    const number = await code(natter, 'first@example.com');
    const [mail] = await mails(natter, 'first@example.com');
    assert.match(mail, new RegExp(`^Subject: ${number} `, 'm'));
    assert.match(mail, /^From: natter@localhost\r$/m);
    const { mode } = await stat(join(natter.folder, 'outbox'));
    assert.equal(mode & 0o777, 0o700);
    const wrong = await getToken(chat, 'first@example.com', number === '111111' ? 222222 : 111111);
    refused(wrong, 422, 'auth-code');
    const unknown = await getToken(chat, 'nobody@example.com', number);
    assert.deepEqual([unknown.status, unknown.body], [422, wrong.body]);
    const entered = await getToken(chat, 'FIRST@example.com', Number(number));
    assert.equal(entered.status, 200, entered.text);
    assert.equal(entered.body.data.chat_user.email, 'first@example.com');
    refused(await getToken(chat, 'first@example.com', number), 422, 'auth-code');
    const other = await newChat(natter);
    refused(await getToken(other, 'first@example.com', number), 422, 'auth-code');
    refused(await getToken({ id: 'x' }, 'first@example.com', number), 404);
    refused(await getToken(chat, 'first', ''), 422, 'email', 'auth-code');
  });

  test('five wrong tries end a code', async () => {
    const chat = await newChat(natter);
    await ok(natter, 'POST', `/api/chats/${chat.id}/users`, ADA, { email: 'guess@example.com' });
    const number = await code(natter, 'guess@example.com');
    const wrong = number === '999999' ? '999998' : '999999';
    for (let attempt = 0; attempt < 5; attempt += 1) refused(await getToken(chat, 'guess@example.com', wrong), 422, 'auth-code');
    refused(await getToken(chat, 'guess@example.com', number), 422, 'auth-code');
    assert.equal((await sendCode(chat, { email: 'guess@example.com' })).status, 202);
    const again = await code(natter, 'guess@example.com', 2);
    assert.equal((await getToken(chat, 'guess@example.com', again)).status, 200);
  });

  test('the password lets people join, with a code', async () => {
    const chat = await newChat(natter);
    const shared = await ok(natter, 'POST', `/chats/${chat.id}/share`, ADA, undefined, 200);
    assert.equal(shared.url, `${natter.base}/join/${chat.id}#password=${shared.password}`);
    assert.deepEqual(await ok(natter, 'POST', `/api/chats/${chat.id}/share`, ADA, {}, 200), shared);
    refused(await sendCode(chat, { email: 'joe@example.com', password: 'guessed' }), 422, 'password');
    const asked = await sendCode(chat, { email: 'joe@example.com', name: 'Joe', password: shared.password });
    assert.equal(asked.status, 202);
    assert.equal((await ok(natter, 'GET', `/api/chats/${chat.id}`, ADA)).users_count, 0);
    const entered = await getToken(chat, 'joe@example.com', await code(natter, 'joe@example.com'));
    assert.deepEqual([entered.body.data.chat_user.name, entered.body.data.chat_user.email], ['Joe', 'joe@example.com']);
    assert.equal((await ok(natter, 'GET', `/api/chats/${chat.id}`, ADA)).users_count, 1);
    const token = entered.body.data.chat_user_token;
    assert.deepEqual(await ok(natter, 'POST', `/api/chats/${chat.id}/share`, token, {}, 200), shared);
    const rotated = await ok(natter, 'POST', `/api/chats/${chat.id}/share`, ADA, { rotate: true }, 200);
    assert.notEqual(rotated.password, shared.password);
    refused(await sendCode(chat, { email: 'jim@example.com', password: shared.password }), 422, 'password');
    refused(await call(natter, 'POST', `/chats/${chat.id}/share`), 401);
    refused(await call(natter, 'POST', `/chats/${(await newChat(natter)).id}/share`, { token }), 403);
  });

  test('five codes an hour, and nobody learns who is in the chat', async () => {
    const chat = await newChat(natter);
    await ok(natter, 'POST', `/api/chats/${chat.id}/users`, ADA, { email: 'known@example.com' });
    for (const email of ['known@example.com', 'unknown@example.com']) {
      const answers = [];
      for (let count = 0; count < 6; count += 1) answers.push(await sendCode(chat, { email }));
      assert.deepEqual(answers.map(({ status }) => status), [202, 202, 202, 202, 202, 429], email);
      assert.deepEqual(answers[0].body, { message: 'If this address may join, a code is on its way.' });
      refused(answers[5], 429);
      assert.ok(Number(answers[5].headers.get('retry-after')) > 3_000);
    }
    await code(natter, 'known@example.com', 6);
    assert.deepEqual(await mails(natter, 'unknown@example.com'), []);
  });

  test('the command line makes API tokens', async () => {
    const run = promisify(execFile);
    const options = ['--config', join(natter.folder, 'cli.toml'), '--internal', natter.internal, '--token-file', join(natter.folder, 'data', 'admin.token')];
    const create = (...more) => run(natter.program, ['token', 'create', '--plugin', 'connectnow', ...more], { cwd: natter.folder });
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(natter.folder, 'cli.toml'), '');
    const { stdout } = await create('--name', 'Carol', '--email', 'carol@example.com', ...options);
    const token = stdout.trim().split(/\s+/).at(-1);
    const user = await ok(natter, 'GET', '/api/user', token);
    assert.deepEqual([user.name, user.email], ['Carol', 'carol@example.com']);
    await assert.rejects(create('--name', 'Carol', '--email', 'carol', ...options), /email/);
    await assert.rejects(create('--name', 'Carol', ...options), /--email/);
    await natter.crash();
    await natter.launch();
    assert.deepEqual(await ok(natter, 'GET', '/api/user', token), user);
  });
});
