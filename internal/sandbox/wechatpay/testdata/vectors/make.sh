#!/bin/sh
# Makes the signature vectors of this folder with the openssl command line, so that the Go code is checked against somebody else's RSA.
# key.pem signs nothing but these vectors. Run it here; PKCS #1 v1.5 is deterministic, so with the same key the signatures do not change.
set -eu
cd "$(dirname "$0")"
[ -f key.pem ] || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem
openssl pkey -in key.pem -pubout -out public.pem

# Messages exactly as they are signed: the last line feed stays, the body's too when the body is empty.
printf 'GET\n/v3/refund/domestic/refunds/RF-1%%7C2?a=%%E9%%80%%80\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n' > get.txt
printf 'POST\n/v3/refund/domestic/refunds\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n{"out_refund_no":"RF-1","reason":"退货"}\n' > post.txt
printf '1554209980\nc5ac7061fccab6bf3e254dcf98995b8c\n{"status":"SUCCESS","user_received_account":"招商银行信用卡0403"}\n' > answer.txt
printf '1554209980\nc5ac7061fccab6bf3e254dcf98995b8c\n\n' > empty.txt

for m in get post answer empty; do
	openssl dgst -sha256 -sign key.pem -out $m.raw $m.txt
	# pkeyutl takes another road through openssl (digest first, then pad and sign): both must agree.
	openssl dgst -sha256 -binary -out $m.dgst $m.txt
	openssl pkeyutl -sign -inkey key.pem -pkeyopt rsa_padding_mode:pkcs1 -pkeyopt digest:sha256 -in $m.dgst -out $m.raw2
	cmp $m.raw $m.raw2
	openssl base64 -A -in $m.raw -out $m.sig
	rm $m.raw $m.raw2 $m.dgst
done
