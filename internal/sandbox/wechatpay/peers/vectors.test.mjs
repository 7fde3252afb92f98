// The vectors that the Go tests hold, judged by the plugin and by Node's crypto.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import plugin from 'wechatpay-axios-plugin';
import { seal, vectors } from './vectors.mjs';

const { Rsa, Aes: { AesGcm } } = plugin;
const near = (path) => readFileSync(new URL(path, import.meta.url));
const goTest = near('../vector_test.go').toString('utf8');

for (const v of vectors) {
  test(`GCM ${v.name}`, () => {
    const committed = goTest.match(new RegExp(`${v.name}\\s*=\\s*"([^"]+)"`))[1];
    assert.equal(seal(v.plain, v.associated), committed);
    assert.equal(AesGcm.encrypt(v.plain, '0123456789abcdef0123456789abcdef', '9f2b1c0d4e5a', v.associated), committed);
  });
}

test('GCM of the description', () => {
  assert.equal(AesGcm.decrypt('CkXJa2NKMEeS5pVhMlJakZFabhaHlS4=', 'a'.repeat(32), 'nonce1234567', 'refund'), '{"a":1}');
});

for (const name of ['get', 'post', 'answer', 'empty']) {
  test(`signature ${name}`, () => {
    const message = near(`../testdata/vectors/${name}.txt`);
    const signature = near(`../testdata/vectors/${name}.sig`).toString('utf8');
    assert.ok(Rsa.verify(message, signature, Rsa.from(near('../testdata/vectors/public.pem'), Rsa.KEY_TYPE_PUBLIC)));
    assert.equal(Rsa.sign(message, Rsa.from(near('../testdata/vectors/key.pem'), Rsa.KEY_TYPE_PRIVATE)), signature.trim());
  });
}
