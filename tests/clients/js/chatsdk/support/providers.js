// Local stand-ins of the four push providers. Each checks form and signature of what it gets, keeps what is sound, and
// refuses what it is told to refuse.

import { createVerify, generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROJECT = 'project-1';
const EMAIL = 'push@project-1.example';
const TOPIC = 'com.example.app';
const [KEY_ID, TEAM] = ['KEY1234567', 'TEAM123456'];
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const ACCESS_TOKEN = 'access-token-of-the-stand-in';
export const NOVU_KEY = 'novu-key';

const pem = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } };
const part = (text) => JSON.parse(Buffer.from(text, 'base64url').toString());

/** A JWT's header and claims, if the signature is the key's. */
function opened(token, isSigned) {
  const [header, claims, signature] = token.split('.');
  if (!isSigned(`${header}.${claims}`, Buffer.from(signature ?? '', 'base64url'))) return null;
  return { header: part(header), claims: part(claims) };
}

async function read(request) {
  const parts = [];
  for await (const each of request) parts.push(each);
  return Buffer.concat(parts).toString();
}

/** All four of them on one address (APNs has its own, since it speaks HTTP/2 alone). */
export class Providers {
  static async start() {
    const providers = Object.assign(new Providers(), { fcm: [], apns: [], expo: [], novu: [], unsound: [], receipts: {} });
    providers.folder = await mkdtemp(join(tmpdir(), 'natter-push-'));
    providers.rsa = generateKeyPairSync('rsa', { modulusLength: 2048, ...pem });
    providers.ec = generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem });
    providers.server = createServer((request, response) => providers.answer(request, response));
    providers.http2 = createHttp2Server((request, response) => providers.answerApns(request, response));
    for (const server of [providers.server, providers.http2]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    providers.sessions = new Set();
    providers.http2.on('session', (session) => providers.sessions.add(session));
    providers.base = `http://127.0.0.1:${providers.server.address().port}`;
    await providers.writeKeys();
    return providers;
  }

  async writeKeys() {
    const account = {
      type: 'service_account', project_id: PROJECT, client_email: EMAIL, private_key_id: 'key-1',
      private_key: this.rsa.privateKey, token_uri: `${this.base}/token`,
    };
    await writeFile(join(this.folder, 'fcm.json'), JSON.stringify(account));
    await writeFile(join(this.folder, 'apns.p8'), this.ec.privateKey);
  }

  /** What a node needs to use them. */
  get settings() {
    return {
      NATTER__PUSH__FCM__URL: this.base,
      NATTER__PUSH__FCM__SERVICE_ACCOUNT: join(this.folder, 'fcm.json'),
      NATTER__PUSH__APNS__URL: `http://127.0.0.1:${this.http2.address().port}`,
      NATTER__PUSH__APNS__KEY: join(this.folder, 'apns.p8'),
      NATTER__PUSH__APNS__KEY_ID: KEY_ID,
      NATTER__PUSH__APNS__TEAM_ID: TEAM,
      NATTER__PUSH__APNS__TOPIC: TOPIC,
      NATTER__PUSH__EXPO__URL: this.base,
      NATTER__PUSH__EXPO__RECEIPTS_AFTER_SECONDS: '1',
      NATTER__PUSH__NOVU__URL: this.base,
      NATTER__PUSH__NOVU__API_KEY: NOVU_KEY,
    };
  }

  async answer(request, response) {
    const text = await read(request);
    const say = (status, body) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const routes = {
      '/token': () => this.exchange(new URLSearchParams(text), say),
      [`/v1/projects/${PROJECT}/messages:send`]: () => this.sendFcm(request, JSON.parse(text), say),
      '/--/api/v2/push/send': () => this.sendExpo(JSON.parse(text), say),
      '/--/api/v2/push/getReceipts': () => this.expoReceipts(JSON.parse(text), say),
      '/v1/events/trigger': () => this.trigger(request, JSON.parse(text), say),
      '/v2/subscribers/ann/preferences': () => this.preferences(request, say),
    };
    const route = routes[request.url];
    if (route) route();
    else say(404, {});
  }

  /** Notes what a provider would refuse for its form, and refuses it. */
  refuse(say, status, why) {
    this.unsound.push(why);
    say(status, { error: why, errors: [{ code: 'BAD', message: why }] });
  }

  exchange(form, say) {
    const isSigned = (text, signature) => createVerify('sha256').update(text).verify(this.rsa.publicKey, signature);
    const token = opened(form.get('assertion') ?? '', isSigned);
    const now = Date.now() / 1000;
    const isSound = token?.header.alg === 'RS256' && token.header.kid === 'key-1' && token.claims.iss === EMAIL
      && token.claims.aud === `${this.base}/token` && token.claims.scope === SCOPE
      && token.claims.iat <= now && token.claims.exp > now && token.claims.exp - token.claims.iat <= 3600;
    if (form.get('grant_type') !== GRANT || !isSound) this.refuse(say, 400, 'invalid_grant');
    else say(200, { access_token: ACCESS_TOKEN, expires_in: 3599, token_type: 'Bearer' });
  }

  sendFcm(request, { message }, say) {
    const isSound = typeof message?.token === 'string' && message.notification?.title && message.notification?.body
      && Object.values(message.data ?? {}).every((value) => typeof value === 'string')
      && message.android?.priority === 'HIGH' && message.apns?.payload?.aps;
    if (request.headers.authorization !== `Bearer ${ACCESS_TOKEN}`) this.refuse(say, 401, 'UNAUTHENTICATED');
    else if (!isSound) this.refuse(say, 400, 'INVALID_ARGUMENT');
    else if (message.token === 'fcm-gone') {
      const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'UNREGISTERED' }];
      say(404, { error: { code: 404, status: 'NOT_FOUND', message: 'no', details } });
    } else {
      this.fcm.push(message);
      say(200, { name: `projects/${PROJECT}/messages/1` });
    }
  }

  async answerApns(request, response) {
    const body = JSON.parse(await read(request));
    const say = (status, answer) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(answer ? JSON.stringify(answer) : undefined);
    };
    const [, token] = /^\/3\/device\/([0-9a-f]+)$/.exec(request.url) ?? [];
    const isSigned = (text, signature) =>
      verify('sha256', Buffer.from(text), { key: this.ec.publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    const provider = opened(request.headers.authorization?.replace(/^bearer /, '') ?? '', isSigned);
    const isOurs = provider?.header.alg === 'ES256' && provider.header.kid === KEY_ID && provider.claims.iss === TEAM
      && Math.abs(Date.now() / 1000 - provider.claims.iat) < 3600;
    if (!isOurs) this.refuse(say, 403, 'InvalidProviderToken');
    else if (request.headers['apns-topic'] !== TOPIC) this.refuse(say, 400, 'BadTopic');
    else if (request.headers['apns-push-type'] !== 'alert') this.refuse(say, 400, 'InvalidPushType');
    else if (!token || !body.aps?.alert?.title || !body.aps.alert.body) this.refuse(say, 400, 'PayloadEmpty');
    else if (token === 'dead') say(410, { reason: 'Unregistered' });
    else {
      this.apns.push({ token, ...body });
      say(200);
    }
  }

  sendExpo(body, say) {
    const [, name] = /^ExponentPushToken\[(.+)\]$/.exec(body.to) ?? [];
    if (!name || !body.title || !body.body || typeof body.data !== 'object') this.refuse(say, 400, 'VALIDATION_ERROR');
    else if (name === 'gone') {
      say(200, { data: { status: 'error', message: 'no', details: { error: 'DeviceNotRegistered' } } });
    } else {
      this.expo.push(body);
      say(200, { data: { status: 'ok', id: `receipt-${name}` } });
    }
  }

  expoReceipts({ ids }, say) {
    const said = (id) => (id === 'receipt-late'
      ? { status: 'error', message: 'no', details: { error: 'DeviceNotRegistered' } } : { status: 'ok' });
    for (const id of ids) this.receipts[id] = (this.receipts[id] ?? 0) + 1;
    say(200, { data: Object.fromEntries(ids.map((id) => [id, said(id)])) });
  }

  trigger(request, body, say) {
    const isSound = body.name && body.to?.subscriberId && body.payload?.title && body.transactionId
      && request.headers['idempotency-key'] === body.transactionId;
    if (request.headers.authorization !== `ApiKey ${NOVU_KEY}`) this.refuse(say, 401, 'API Key not found');
    else if (!isSound) this.refuse(say, 422, 'Validation Error');
    else if (body.to.subscriberId === 'nobody') say(422, { statusCode: 422, message: 'workflow_not_found' });
    else {
      this.novu.push(body);
      say(201, { data: { acknowledged: true, status: 'processed', transactionId: body.transactionId } });
    }
  }

  preferences(request, say) {
    if (request.headers.authorization !== `ApiKey ${NOVU_KEY}`) return this.refuse(say, 401, 'API Key not found');
    const workflow = { enabled: true, channels: { push: true }, workflow: { identifier: 'natter-message', name: 'Messages' } };
    return say(200, { data: { global: { enabled: true, channels: { email: false, push: true } }, workflows: [workflow] } });
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    for (const session of this.sessions) session.destroy();
    this.http2.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
