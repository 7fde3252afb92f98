package wechatpay_test

import (
	"testing"

	"github.com/backdock/backdock/receiving/aftersales/refund/gatewaytest"
)

func TestConformance(t *testing.T) {
	for _, mode := range []string{"certificate", "public key"} {
		t.Run(mode, func(t *testing.T) {
			gatewaytest.Exercise(t, func(t *testing.T) gatewaytest.Bed { return newStub(t, mode) })
		})
	}
}
