// Package wechatpay refunds through WeChat Pay API v3 (direct merchant). It knows the wire and nothing of orders; the engine that drives it is
// receiving/aftersales/refund, whose Gateway and Notifier it implements.
//
//	Prepare ─▶ body (stored by the engine)
//	Send    ─▶ POST /v3/refund/domestic/refunds                 signed with the merchant key
//	Query   ─▶ GET  /v3/refund/domestic/refunds/{out_refund_no}
//	reply   ◀─ verified with the key that Wechatpay-Serial names, else Unknown
//	notice  ◀─ raw bytes verified, then AES-256-GCM opened with the APIv3 key
//
// One key map serves both of WeChat's verification modes: platform certificates (by serial number) and the WeChat Pay public key (PUB_KEY_ID_…).
//
// Facts come from the published SDK and API descriptions: github.com/wechatpay-apiv3/wechatpay-go (core/consts, core/auth, core/notify,
// services/refunddomestic) and github.com/TheNorthMemory/wechatpay-openapi (docs/v3/refund/domestic).
package wechatpay
