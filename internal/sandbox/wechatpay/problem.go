package wechatpay

import (
	"fmt"
	"net/http"
)

// problem is an answer other than 2xx: `{"code","message","detail"}`.
type problem struct {
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  any    `json:"detail,omitempty"`
}

// status of each code, as the vendor's tables have them.
var statusOf = map[string]int{
	"PARAM_ERROR": http.StatusBadRequest, "INVALID_REQUEST": http.StatusBadRequest,
	"SIGN_ERROR":            http.StatusUnauthorized,
	"USER_ACCOUNT_ABNORMAL": http.StatusForbidden, "NOT_ENOUGH": http.StatusForbidden, "NO_AUTH": http.StatusForbidden,
	"MCH_NOT_EXISTS": http.StatusNotFound, "RESOURCE_NOT_EXISTS": http.StatusNotFound,
	"FREQUENCY_LIMITED": http.StatusTooManyRequests,
	"SYSTEM_ERROR":      http.StatusInternalServerError,
}

func refuse(code, format string, args ...any) *problem {
	status, ok := statusOf[code]
	if !ok {
		status = http.StatusBadRequest
	}
	return &problem{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// badParameter points at the field, as the vendor's detail does.
func badParameter(field, issue string) *problem {
	p := refuse("PARAM_ERROR", "参数错误: %s %s", field, issue)
	p.Detail = map[string]string{"location": "body", "field": "/body/" + field, "issue": issue}
	return p
}

// badSignature tells which part of the Authorization header does not hold.
func badSignature(field, issue string, extra any) *problem {
	p := refuse("SIGN_ERROR", "错误的签名，验签失败")
	detail := map[string]any{"location": "authorization", "field": field, "detail": map[string]string{"issue": issue}}
	if extra != nil {
		detail["sign_information"] = extra
	}
	p.Detail = detail
	return p
}
