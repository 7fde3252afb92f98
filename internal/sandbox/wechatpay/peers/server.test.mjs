// server.mjs itself, through the plugin's client: what the gateway's test leans on must stand.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import plugin from 'wechatpay-axios-plugin';
import { loadKeys } from './keys.mjs';
import { folder, peerServer } from './start.mjs';

const { Wechatpay, Rsa, Formatter, Aes: { AesGcm } } = plugin;

let place; let peer; let keys; let pay;

before(async () => {
  place = folder();
  keys = loadKeys(place.dir);
  peer = await peerServer(place, '--status', 'PROCESSING');
  pay = new Wechatpay({ baseURL: peer.base, mchid: keys.mchid, serial: keys.merchant_serial, privateKey: keys.merchantPrivate, certs: { ...keys.certs } });
});

after(async () => {
  await peer?.stop();
  place?.remove();
});

const order = { out_trade_no: 'BD-1', out_refund_no: 'P|1', amount: { refund: 1, total: 2, currency: 'CNY' } };

test('refunds once, answers queries, notes requests', async () => {
  const { data } = await pay.v3.refund.domestic.refunds.post(order);
  assert.equal(data.status, 'PROCESSING');
  assert.deepEqual((await pay.v3.refund.domestic.refunds.post(order)).data, data);
  assert.deepEqual((await pay.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: 'P|1' })).data, data);
  await assert.rejects(pay.v3.refund.domestic.refunds.post({ ...order, amount: { ...order.amount, refund: 2 } }), (err) => err.response.data.code === 'INVALID_REQUEST');
  const forged = await fetch(`${peer.base}/v3/refund/domestic/refunds`, { method: 'POST', body: '{}' });
  assert.equal(forged.status, 401);
  const noted = await (await fetch(`${peer.base}/_peer/requests`)).json();
  assert.deepEqual(noted.map((r) => r.verified), [true, true, true, true, false]);
});

test('sends a sealed callback and reports what was answered', async () => {
  let seen;
  const inbox = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    seen = { headers: req.headers, body: Buffer.concat(chunks).toString('utf8') };
    res.writeHead(202).end('thanks');
  });
  inbox.listen(0, '127.0.0.1');
  await once(inbox, 'listening');
  const answer = await (await fetch(`${peer.base}/_peer/callback`, {
    method: 'POST', body: JSON.stringify({ url: `http://127.0.0.1:${inbox.address().port}/`, out_refund_no: 'P|1', status: 'SUCCESS' }),
  })).json();
  inbox.closeAllConnections();
  inbox.close();
  assert.deepEqual(answer, { status: 202, body: 'thanks' });
  const h = seen.headers;
  assert.ok(Rsa.verify(Formatter.response(h['wechatpay-timestamp'], h['wechatpay-nonce'], seen.body), h['wechatpay-signature'], keys.certs[h['wechatpay-serial']]));
  const { resource, event_type: event } = JSON.parse(seen.body);
  const inside = JSON.parse(AesGcm.decrypt(resource.ciphertext, keys.apiv3, resource.nonce, resource.associated_data));
  assert.equal(event, 'REFUND.SUCCESS');
  assert.equal(inside.refund_status, 'SUCCESS');
  assert.equal(inside.amount.refund, 1);
});
