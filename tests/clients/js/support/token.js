// User tokens as a tenant's backend signs them.

import { createHmac } from 'node:crypto';

export const DEMO_SECRET = 'demo-secret-demo-secret-demo-secret';
export const OTHER_SECRET = 'other-secret-other-secret-other-secret';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export function token(claims, secret = DEMO_SECRET) {
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

/** Seconds since 1970, some seconds from now. */
export function inSeconds(seconds) {
  return Math.floor(Date.now() / 1000) + seconds;
}
