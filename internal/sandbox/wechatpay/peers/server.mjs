// A small WeChat Pay made of wechatpay-axios-plugin's own helpers: it verifies requests with Rsa.verify, signs answers with Rsa.sign and seals callbacks
// with AesGcm.encrypt. A client that gets along with it gets along with code that none of us wrote.
//
//   node server.mjs --dir KEYFOLDER [--listen 127.0.0.1:0] [--status SUCCESS]
//
// Prints one line {"listening":"http://127.0.0.1:PORT"} and ends with SIGTERM or when its standard input ends.
//
//   POST /v3/refund/domestic/refunds, GET /v3/refund/domestic/refunds/{out_refund_no}   the vendor's; any payment is known
//   GET  /_peer/requests                                    [{method,target,body,verified,problem}]
//   POST /_peer/callback {"url","out_refund_no","status"?}  sends a sealed, signed callback there and answers {"status","body"} of the receiver
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import plugin from 'wechatpay-axios-plugin';
import { loadKeys } from './keys.mjs';

const { Rsa, Formatter, Aes: { AesGcm } } = plugin;

const { values: flags } = parseArgs({
  options: { dir: { type: 'string' }, listen: { type: 'string', default: '127.0.0.1:0' }, status: { type: 'string', default: 'SUCCESS' } },
});
if (!flags.dir) {
  console.error('usage: node server.mjs --dir KEYFOLDER [--listen 127.0.0.1:0] [--status SUCCESS]');
  process.exit(2);
}

const keys = loadKeys(flags.dir);
const refunds = new Map();
const requests = [];
const now = () => new Date().toISOString().replace(/\.\d+Z$/, '+00:00');

// why tells what is wrong with a request's Authorization, or nothing.
function why(req, body) {
  const header = req.headers.authorization ?? '';
  if (!header.startsWith('WECHATPAY2-SHA256-RSA2048 ')) return 'no Authorization of the right scheme';
  const auth = Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]));
  if (auth.mchid !== keys.mchid) return `mchid ${auth.mchid}`;
  if (auth.serial_no !== keys.merchant_serial) return `serial_no ${auth.serial_no}`;
  if (Math.abs(Formatter.timestamp() - Number(auth.timestamp)) > 300) return `timestamp ${auth.timestamp}`;
  const message = Formatter.request(req.method, req.url, auth.timestamp, auth.nonce_str, body);
  if (!Rsa.verify(message, auth.signature, keys.merchantPublic)) return 'signature does not match';
  return '';
}

function signed(body, serial, key) {
  const timestamp = Formatter.timestamp();
  const nonce = Formatter.nonce();
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'Wechatpay-Timestamp': String(timestamp),
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Serial': serial,
    'Wechatpay-Signature': Rsa.sign(Formatter.response(timestamp, nonce, body), key),
  };
}

function send(req, res, status, value) {
  const body = JSON.stringify(value);
  const asksForPublicKey = req.headers['wechatpay-serial'] === keys.public_key_id;
  res.writeHead(status, asksForPublicKey ? signed(body, keys.public_key_id, keys.publicPrivate) : signed(body, keys.platform_serial, keys.platformPrivate));
  res.end(body);
}

function create(body) {
  const o = JSON.parse(body);
  const known = refunds.get(o.out_refund_no);
  if (known && (known.amount.refund !== o.amount.refund || known.amount.total !== o.amount.total)) {
    return [400, { code: 'INVALID_REQUEST', message: '订单金额或退款金额与之前请求不一致，请核实后再试' }];
  }
  const refund = known ?? {
    refund_id: `5030${refunds.size + 1}`, out_refund_no: o.out_refund_no, transaction_id: o.transaction_id ?? `4200${o.out_trade_no}`,
    out_trade_no: o.out_trade_no ?? `O${o.transaction_id}`, channel: 'ORIGINAL', user_received_account: '招商银行信用卡0403', create_time: now(),
    ...(flags.status === 'SUCCESS' ? { success_time: now() } : {}), status: flags.status, funds_account: 'AVAILABLE',
    amount: {
      total: o.amount.total, refund: o.amount.refund, payer_total: o.amount.total, payer_refund: o.amount.refund,
      settlement_refund: o.amount.refund, settlement_total: o.amount.total, discount_refund: 0, currency: o.amount.currency,
    },
  };
  refunds.set(o.out_refund_no, refund);
  return [200, refund];
}

function query(outRefundNo) {
  const refund = refunds.get(outRefundNo);
  return refund ? [200, refund] : [404, { code: 'RESOURCE_NOT_EXISTS', message: '退款单不存在' }];
}

async function callback({ url, out_refund_no: outRefundNo, status }) {
  const refund = refunds.get(outRefundNo);
  if (!refund) return [404, { error: `no refund ${outRefundNo}` }];
  if (status) refund.status = status;
  const { channel, create_time: createTime, funds_account: fundsAccount, status: refundStatus, amount, ...rest } = refund;
  const inside = {
    mchid: keys.mchid, ...rest, refund_status: refundStatus,
    amount: { total: amount.total, refund: amount.refund, payer_total: amount.payer_total, payer_refund: amount.payer_refund },
  };
  const nonce = Formatter.nonce(12);
  const body = JSON.stringify({
    id: randomUUID(), create_time: now(), resource_type: 'encrypt-resource', event_type: `REFUND.${refundStatus}`, summary: '退款结果',
    resource: {
      original_type: 'refund', algorithm: 'AEAD_AES_256_GCM', associated_data: 'refund', nonce,
      ciphertext: AesGcm.encrypt(JSON.stringify(inside), keys.apiv3, nonce, 'refund'),
    },
  });
  const answer = await fetch(url, { method: 'POST', body, headers: signed(body, keys.platform_serial, keys.platformPrivate) });
  return [200, { status: answer.status, body: await answer.text() }];
}

async function serve(req, res) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString('utf8');
  const plain = (status, value) => { res.writeHead(status, { 'Content-Type': 'application/json' }); res.end(JSON.stringify(value)); };
  if (req.url === '/_peer/requests') return plain(200, requests);
  if (req.url === '/_peer/callback') return plain(...await callback(JSON.parse(body)));

  const problem = why(req, body);
  requests.push({ method: req.method, target: req.url, body, verified: problem === '', problem });
  if (problem) return send(req, res, 401, { code: 'SIGN_ERROR', message: problem });
  const path = req.url.split('?')[0];
  if (req.method === 'POST' && path === '/v3/refund/domestic/refunds') return send(req, res, ...create(body));
  const one = path.match(/^\/v3\/refund\/domestic\/refunds\/([^/]+)$/);
  if (req.method === 'GET' && one) return send(req, res, ...query(decodeURIComponent(one[1])));
  return send(req, res, 404, { code: 'RESOURCE_NOT_EXISTS', message: `${req.method} ${path}` });
}

const server = createServer((req, res) => {
  serve(req, res).catch((err) => { res.writeHead(500); res.end(String(err)); });
});
const colon = flags.listen.lastIndexOf(':');
server.listen(Number(flags.listen.slice(colon + 1)), flags.listen.slice(0, colon), () => {
  console.log(JSON.stringify({ listening: `http://127.0.0.1:${server.address().port}` }));
});
const end = () => { server.closeAllConnections(); server.close(() => process.exit(0)); };
process.on('SIGTERM', end);
process.stdin.on('end', end).resume();
