package wechatpay

import (
	"encoding/json"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// class is what an error code of WeChat's means for a refund.
type class struct {
	effect refund.Effect
	absent bool          // nothing exists under this number
	retry  time.Duration // not before
	advice string        // for the operator
}

const (
	soon   = 5 * time.Second
	slower = 30 * time.Second
)

// sendClasses: error codes of POST refunds. A code that is not here is Held when it comes with 4xx: a person reads it, and the number stays.
var sendClasses = map[string]class{
	"SYSTEM_ERROR":       {refund.Unknown, false, soon, "WeChat Pay failed; the same number is tried again"},
	"FREQUENCY_LIMITED":  {refund.Unknown, false, slower, "too many requests; the same number is tried again later"},
	"RATELIMIT_EXCEEDED": {refund.Unknown, false, slower, "too many requests; the same number is tried again later"},

	"NOT_ENOUGH": {refund.Held, false, 0, "the merchant balance is too low: top it up, then release the refund"},
	"NO_AUTH":    {refund.Held, false, 0, "the merchant account may not refund: grant the permission at WeChat Pay, then release"},
	"SIGN_ERROR": {refund.Held, false, 0, "WeChat Pay refuses our signature: check merchant key and serial number, then release"},

	"USER_ACCOUNT_ABNORMAL": {refund.Rejected, false, 0, "the buyer's account cannot receive: pay by hand"},
	"PARAM_ERROR":           {refund.Rejected, false, 0, "WeChat Pay finds the request wrong"},
	"INVALID_REQUEST":       {refund.Rejected, false, 0, "the payment does not allow this refund (too old, already refunded, or too much)"},
	"MCH_NOT_EXISTS":        {refund.Rejected, false, 0, "WeChat Pay does not know the merchant number"},
	"RESOURCE_NOT_EXISTS":   {refund.Rejected, false, 0, "WeChat Pay does not know the payment"},
}

// queryClasses: error codes of GET refund. Whatever is not here says nothing about the refund.
var queryClasses = map[string]class{
	"RESOURCE_NOT_EXISTS": {refund.Unknown, true, 0, "WeChat Pay has no refund of this number"},
	"FREQUENCY_LIMITED":   {refund.Unknown, false, slower, "too many requests"},
	"RATELIMIT_EXCEEDED":  {refund.Unknown, false, slower, "too many requests"},
	"SYSTEM_ERROR":        {refund.Unknown, false, soon, "WeChat Pay failed"},
	"SIGN_ERROR":          {refund.Unknown, false, slower, "WeChat Pay refuses our signature: check merchant key and serial number"},
}

// statuses: what the four states of a refund mean.
var statuses = map[string]class{
	"SUCCESS":    {refund.Done, false, 0, ""},
	"PROCESSING": {refund.Accepted, false, 0, ""},
	"CLOSED":     {refund.Rejected, false, 0, "WeChat Pay closed the refund: it will not be paid"},
	"ABNORMAL":   {refund.Held, false, 0, "the buyer's bank refused the money: choose another account at WeChat Pay"},
}

type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// failure judges a reply that is not 2xx.
func failure(r reply, classes map[string]class, unknown4xx refund.Effect) refund.Result {
	var p problem
	res := refund.Result{Effect: refund.Unknown, Raw: r.body, RetryAfter: r.retryAfter}
	if json.Unmarshal(r.body, &p) != nil || p.Code == "" {
		res.Code, res.Message = "unreadable_error", "WeChat Pay answered with an error that cannot be read"
		return res
	}
	res.Code, res.Message = p.Code, p.Message
	if r.status < 400 || r.status >= 500 {
		return res
	}
	c, listed := classes[p.Code]
	if !listed {
		c = class{effect: unknown4xx, advice: "WeChat Pay answered with a code that is not known here: a person must read it"}
	}
	// WeChat signs what it says once it has accepted our signature. An unsigned refusal could come from anybody on the way, and to believe it could
	// free money for a second refund. Held frees nothing, so SIGN_ERROR, which cannot be signed for us, may pass.
	if !r.trusted && (c.effect == refund.Rejected || c.absent) {
		res.Code, res.Message = "unsigned_error", p.Code+" without a valid signature ("+r.why+")"
		return res
	}
	res.Effect, res.Absent, res.Message = c.effect, c.absent, c.advice
	if p.Message != "" {
		res.Message += " (" + p.Message + ")"
	}
	if res.RetryAfter == 0 {
		res.RetryAfter = c.retry
	}
	return res
}
