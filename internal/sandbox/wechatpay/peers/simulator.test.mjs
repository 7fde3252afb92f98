// wechatpay-axios-plugin as a client of our simulator: it signs with its own code, and it checks our signatures with its own code.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { generateKeyPairSync } from 'node:crypto';
import plugin from 'wechatpay-axios-plugin';
import { loadKeys } from './keys.mjs';
import { folder, simulator } from './start.mjs';

const { Wechatpay, Rsa, Formatter, Aes: { AesGcm } } = plugin;

let place; let sim; let keys; let inbox; let received;

before(async () => {
  place = folder();
  keys = loadKeys(place.dir);
  received = [];
  inbox = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    received.push({ headers: req.headers, body: Buffer.concat(chunks).toString('utf8') });
    inbox.emit('callback');
    res.writeHead(204).end();
  });
  inbox.listen(0, '127.0.0.1');
  await once(inbox, 'listening');
  sim = await simulator(place, '--notify', `http://127.0.0.1:${inbox.address().port}/hook`, '--settle-after', '0s');
  await admin('POST', '/payments', { transaction_id: '4200001', out_trade_no: 'BD-1001', total: 29900, account: '招商银行信用卡0403' });
});

after(async () => {
  await sim?.stop();
  inbox?.close();
  inbox?.closeAllConnections();
  place?.remove();
});

async function admin(method, path, body) {
  const r = await fetch(`${sim.base}/_sim${path}`, { method, body: body && JSON.stringify(body) });
  assert.ok(r.ok, `${method} ${path}: ${r.status} ${r.ok ? '' : await r.text()}`);
  return r.json();
}

const client = (change = {}) => new Wechatpay({
  baseURL: sim.base, mchid: keys.mchid, serial: keys.merchant_serial, privateKey: keys.merchantPrivate, certs: { ...keys.certs }, ...change,
});

const order = (no, refund = 100) => ({ transaction_id: '4200001', out_refund_no: no, reason: '退货', amount: { refund, total: 29900, currency: 'CNY' } });

test('refund and query, signed by the platform certificate', async () => {
  const pay = client();
  const { data, headers, status } = await pay.v3.refund.domestic.refunds.post(order('PEER_1'));
  assert.equal(status, 200);
  assert.equal(headers['wechatpay-serial'], keys.platform_serial);
  assert.equal(data.status, 'SUCCESS');
  assert.equal(data.user_received_account, '招商银行信用卡0403');
  const again = await pay.v3.refund.domestic.refunds.post(order('PEER_1'));
  assert.deepEqual(again.data, data);
  const query = await pay.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: 'PEER_1' });
  assert.deepEqual(query.data, data);
  assert.equal((await admin('GET', '/counters')).moved.PEER_1, 1);
});

test('every character that an out_refund_no may have survives the path', async () => {
  const pay = client();
  const no = 'a_B-9|*@';
  await pay.v3.refund.domestic.refunds.post(order(no));
  const { data } = await pay.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: no });
  assert.equal(data.out_refund_no, no);
});

test('public-key mode, with only that key known', async () => {
  const pay = client({ certs: { [keys.public_key_id]: keys.certs[keys.public_key_id] }, headers: { 'Wechatpay-Serial': keys.public_key_id } });
  const { headers } = await pay.v3.refund.domestic.refunds.post(order('PEER_PUB'));
  assert.equal(headers['wechatpay-serial'], keys.public_key_id);
});

test('a stranger is refused', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await assert.rejects(client({ privateKey }).v3.refund.domestic.refunds.post(order('PEER_FORGED')), (err) => {
    assert.equal(err.response.status, 401);
    assert.equal(err.response.data.code, 'SIGN_ERROR');
    return true;
  });
  assert.equal((await admin('GET', '/counters')).moved.PEER_FORGED, undefined);
});

test('errors carry the code', async () => {
  await assert.rejects(client().v3.refund.domestic.refunds.post(order('PEER_1', 101)), (err) => err.response.data.code === 'INVALID_REQUEST');
  await assert.rejects(client().v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: 'none' }), (err) => err.response.status === 404);
});

for (const [kind, code] of [
  ['bad_signature', 'EV3_RES_HEADER_SIGNATURE_DIGEST'], ['tampered', 'EV3_RES_HEADER_SIGNATURE_DIGEST'], ['unsigned', 'EV3_RES_HEADERS_INCOMPLATE'],
  ['unknown_serial', 'EV3_RES_HEADER_PLATFORM_SERIAL'], ['stale', 'EV3_RES_HEADER_TIMESTAMP_OFFSET'],
]) {
  test(`fault ${kind} does not get past the plugin`, async () => {
    await admin('PUT', '/faults', { rules: [{ kind, count: 1 }] });
    await assert.rejects(client().v3.refund.domestic.refunds.post(order(`PEER_${kind}`)), (err) => {
      assert.equal(err.code, code);
      return true;
    });
    assert.equal((await admin('GET', '/counters')).moved[`PEER_${kind}`], 1, 'the money moved behind the broken answer');
  });
}

test('callbacks verify and open', async () => {
  const { data } = await client().v3.refund.domestic.refunds.post(order('PEER_CB'));
  const find = () => received.find(({ body }) => JSON.parse(body).id.includes(data.refund_id));
  while (!find()) await once(inbox, 'callback'); // those of the tests before may come first
  const mine = find();
  const h = mine.headers;
  assert.ok(Rsa.verify(Formatter.response(h['wechatpay-timestamp'], h['wechatpay-nonce'], mine.body), h['wechatpay-signature'], keys.certs[h['wechatpay-serial']]));
  const { event_type: event, resource } = JSON.parse(mine.body);
  const inside = JSON.parse(AesGcm.decrypt(resource.ciphertext, keys.apiv3, resource.nonce, resource.associated_data));
  assert.equal(event, 'REFUND.SUCCESS');
  assert.equal(inside.out_refund_no, 'PEER_CB');
  assert.equal(inside.refund_status, 'SUCCESS');
  assert.equal(inside.user_received_account, '招商银行信用卡0403');
});

test('an abnormal refund goes to a bank card sealed by the plugin', async () => {
  await admin('PUT', '/faults', { rules: [{ kind: 'abnormal', count: 1 }] });
  const pay = client({ headers: { 'Wechatpay-Serial': keys.platform_serial } });
  const { data } = await pay.v3.refund.domestic.refunds.post(order('PEER_AB'));
  assert.equal(data.status, 'ABNORMAL');
  const seal = (text) => Rsa.encrypt(text, keys.certs[keys.platform_serial]);
  const done = await pay.v3.refund.domestic.refunds._refund_id_.applyAbnormalRefund.post({
    out_refund_no: 'PEER_AB', type: 'USER_BANK_CARD', bank_type: 'CMB_DEBIT', bank_account: seal('6222000011112222'), real_name: seal('张三'),
  }, { refund_id: data.refund_id });
  assert.equal(done.data.status, 'SUCCESS');
});

test('the platform certificate downloads', async () => {
  const { data: { data: [c] } } = await client().v3.certificates.get();
  const e = c.encrypt_certificate;
  const pem = AesGcm.decrypt(e.ciphertext, keys.apiv3, e.nonce, e.associated_data);
  assert.equal(c.serial_no, keys.platform_serial);
  assert.ok(Rsa.from(pem, Rsa.KEY_TYPE_PUBLIC).equals(keys.certs[keys.platform_serial]));
});
