package wechatpay

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// Payout says where the money of an ABNORMAL refund shall go. Without a bank account it goes to the merchant's own, to be paid out by hand.
type Payout struct {
	BankType    string // CMB_DEBIT and so on; empty for the merchant's account
	BankAccount string // the buyer's card number, in clear
	RealName    string // the buyer's name, in clear
}

type payoutBody struct {
	OutRefundNo string `json:"out_refund_no"`
	Type        string `json:"type"`
	BankType    string `json:"bank_type,omitempty"`
	BankAccount string `json:"bank_account,omitempty"`
	RealName    string `json:"real_name,omitempty"`
}

// PrepareAbnormal makes the body for SendAbnormal; card number and name are encrypted to WeChat Pay and cannot be read back.
func (g *Gateway) PrepareAbnormal(key string, p Payout) ([]byte, error) {
	if !keyForm.MatchString(key) {
		return nil, fault.New(fault.Invalid, "refund_key_form", "a refund number has 1 to 64 of 0-9 A-Z a-z _ - | * @")
	}
	b := payoutBody{OutRefundNo: key, Type: "MERCHANT_BANK_CARD"}
	if p != (Payout{}) {
		if p.BankType == "" || p.BankAccount == "" || p.RealName == "" {
			return nil, fault.New(fault.Invalid, "payout_incomplete", "a payout to the buyer needs the bank, the card number and the name")
		}
		b.Type, b.BankType = "USER_BANK_CARD", p.BankType
		var err error
		if b.BankAccount, err = g.seal(p.BankAccount); err != nil {
			return nil, err
		}
		if b.RealName, err = g.seal(p.RealName); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("write payout body: %w", err)
	}
	return body, nil
}

// seal encrypts a sensitive field as WeChat prescribes: RSA-OAEP with SHA-1, base64.
func (g *Gateway) seal(clear string) (string, error) {
	if g.encrypt == "" {
		return "", fault.New(fault.Invalid, "payout_key", "no WeChat Pay key to encrypt with is chosen: set the account's encrypt key")
	}
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, g.ring[g.encrypt], []byte(clear), nil)
	if err != nil {
		return "", fmt.Errorf("encrypt payout field: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// SendAbnormal asks WeChat Pay to pay an ABNORMAL refund out another way. refundID is WeChat's number; amount is what the refund was for. The same
// refund cannot be paid twice by it: after an Unknown, Query the refund's own key.
func (g *Gateway) SendAbnormal(ctx context.Context, refundID string, body []byte, amount int64) refund.Result {
	var b payoutBody
	if json.Unmarshal(body, &b) != nil || !keyForm.MatchString(b.OutRefundNo) || !keyForm.MatchString(refundID) {
		return refund.Result{Effect: refund.Held, Code: "stored_body", Message: "the stored body is not a payout; nothing was sent"}
	}
	r, lost, ok := g.call(ctx, "POST", refundsPath+"/"+url.PathEscape(refundID)+"/apply-abnormal-refund", body)
	if !ok {
		return lost
	}
	if r.status >= 200 && r.status < 300 {
		return answer(r, b.OutRefundNo, amount)
	}
	// Whatever is refused here, the refund itself stays ABNORMAL: it waits for a person, it does not end.
	res := failure(r, sendClasses, refund.Held)
	if res.Effect == refund.Rejected {
		res.Effect = refund.Held
	}
	return res
}
