package wechatpay

import "github.com/backdock/backdock/internal/id"

type certificateView struct {
	SerialNo           string               `json:"serial_no"`
	EffectiveTime      string               `json:"effective_time"`
	ExpireTime         string               `json:"expire_time"`
	EncryptCertificate encryptedCertificate `json:"encrypt_certificate"`
}

type encryptedCertificate struct {
	Algorithm      string `json:"algorithm"`
	Nonce          string `json:"nonce"`
	AssociatedData string `json:"associated_data"`
	Ciphertext     string `json:"ciphertext"`
}

// certificates is GET /v3/certificates: the platform certificate, encrypted like a callback.
func (s *Server) certificates(*call) reply {
	nonce := id.Hex(6)
	sealed, err := seal(s.keys.APIv3, nonce, "certificate", s.keys.PlatformPEM)
	if err != nil {
		return bad(refuse("SYSTEM_ERROR", "%v", err))
	}
	return good(map[string][]certificateView{"data": {{
		SerialNo: s.keys.PlatformSerial, EffectiveTime: vendorTime(s.keys.NotBefore), ExpireTime: vendorTime(s.keys.NotAfter),
		EncryptCertificate: encryptedCertificate{Algorithm: "AEAD_AES_256_GCM", Nonce: nonce, AssociatedData: "certificate", Ciphertext: sealed},
	}}})
}
