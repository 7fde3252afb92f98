// Reads a key folder made by `sandbox init`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import plugin from 'wechatpay-axios-plugin';

const { Rsa } = plugin;

export function loadKeys(dir) {
  const text = (name) => readFileSync(join(dir, name));
  const d = JSON.parse(text('wechatpay.json'));
  return {
    ...d,
    merchantPrivate: Rsa.from(text(d.merchant_key), Rsa.KEY_TYPE_PRIVATE),
    merchantPublic: Rsa.from(text(d.merchant_cert), Rsa.KEY_TYPE_PUBLIC),
    platformPrivate: Rsa.from(text(d.platform_private), Rsa.KEY_TYPE_PRIVATE),
    publicPrivate: Rsa.from(text(d.public_private), Rsa.KEY_TYPE_PRIVATE),
    // by the serial that an answer names: one map for both kinds
    certs: {
      [d.platform_serial]: Rsa.from(text(d.platform_cert), Rsa.KEY_TYPE_PUBLIC),
      [d.public_key_id]: Rsa.from(text(d.public_key), Rsa.KEY_TYPE_PUBLIC),
    },
    apiv3: text(d.apiv3_key).toString('utf8'),
  };
}
