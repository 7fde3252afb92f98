#!/bin/sh
# Makes the vectors of this folder with OpenSSL (RSA, certificate) and Node's OpenSSL binding (AES-256-GCM, which the openssl command does not offer).
# None of our own code takes part. The keys are for these tests only.
set -eu
cd "$(dirname "$0")"
export LC_ALL=C

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out merchant.key 2>/dev/null
openssl pkey -in merchant.key -pubout -out merchant.pub
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out platform.key 2>/dev/null
openssl req -x509 -new -key platform.key -subj /CN=vectors -days 36500 -set_serial 0x00c5a1b2c3d4e5f60718293a4b5c6d7e8f901234 -out platform.crt
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out pubkeyid.key 2>/dev/null
openssl pkey -in pubkeyid.key -pubout -out pubkeyid.pub

# A request as it is signed: method, path, time, nonce, body.
printf '%s\n%s\n%s\n%s\n%s\n' POST /v3/refund/domestic/refunds 1735700000 5d41402abc4b2a76b9719d911017c592 \
  '{"transaction_id":"4200000000000001","out_refund_no":"R1","amount":{"refund":1,"total":100,"currency":"CNY"}}' > request.msg
openssl dgst -sha256 -sign merchant.key request.msg | openssl base64 -A > request.sig

# The refund inside a notice, sealed.
printf '%s' '{"mchid":"1900000109","transaction_id":"4200000000000001","out_trade_no":"P1","refund_id":"50000000000000001","out_refund_no":"R1","refund_status":"SUCCESS","success_time":"2025-01-01T10:00:00+08:00","user_received_account":"招商银行信用卡0403","amount":{"total":100,"refund":1,"payer_total":100,"payer_refund":1}}' > resource.json
node -e '
const c = require("crypto"), f = require("fs");
const e = c.createCipheriv("aes-256-gcm", "0123456789abcdef0123456789abcdef", "nonce1234567");
e.setAAD(Buffer.from("refund"));
const sealed = Buffer.concat([e.update(f.readFileSync("resource.json")), e.final(), e.getAuthTag()]).toString("base64");
f.writeFileSync("notice.json", JSON.stringify({id: "EV-2025010110000000001", create_time: "2025-01-01T10:00:00+08:00", resource_type: "encrypt-resource",
  event_type: "REFUND.SUCCESS", summary: "退款成功", resource: {algorithm: "AEAD_AES_256_GCM", original_type: "refund", ciphertext: sealed, nonce: "nonce1234567", associated_data: "refund"}}));
'
printf '%s\n%s\n%s\n' 1735700000 noticenonce "$(cat notice.json)" > notice.msg
openssl dgst -sha256 -sign platform.key notice.msg | openssl base64 -A > notice.platform.sig
openssl dgst -sha256 -sign pubkeyid.key notice.msg | openssl base64 -A > notice.pubkeyid.sig
