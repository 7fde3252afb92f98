// Prints the AES-256-GCM vectors of ../vector_test.go as Node's own crypto makes them: node vectors.mjs
import { createCipheriv } from 'node:crypto';

const key = '0123456789abcdef0123456789abcdef';
const nonce = '9f2b1c0d4e5a';

export function seal(plain, associated) {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(associated));
  return Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

export const vectors = [
  { name: 'nodeSealed', plain: '{"refund_status":"SUCCESS","user_received_account":"支付用户零钱"}', associated: 'refund' },
  { name: 'nodeEmpty', plain: '', associated: '' },
];

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const v of vectors) console.log(v.name, seal(v.plain, v.associated));
}
