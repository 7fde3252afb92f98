package demo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// house is one server with two warehouses, for who tries what is not allowed.
type house struct {
	*rig
	base   string
	boss   *client // may everything everywhere
	local  *client // has every role, in warehouse HZ1 only
	token  string  // of the station at bench 1, HZ1
	hidden map[string]string
}

// newHouse has, in warehouse SZ1, a parcel with a unit, its case and its refund: what local may not see.
func newHouse(t *testing.T, dialect db.Dialect) *house {
	t.Helper()
	url := testkit.URL(t, dialect)
	h := &house{rig: stageRig(t, url, nil)}
	h.server = h.serve("server", url)
	h.open(url)
	site := intake.Site{Owners: []intake.Owner{{Code: "OWN", Name: "货主", Policy: &intake.Policy{RefundTrigger: "approval", Jurisdiction: "CN"}}},
		Shops: []intake.Shop{{Owner: "OWN", Channel: "tmall", Code: "SHOP", Name: "店", TimeZone: "Asia/Shanghai"}}}
	for n, w := range []string{"HZ1", "SZ1"} {
		site.Warehouses = append(site.Warehouses, intake.Warehouse{Code: w, Name: w, TimeZone: "Asia/Shanghai"})
		site.Benches = append(site.Benches, intake.Bench{Warehouse: w, Number: n + 1, Name: w, Kind: "receiving"})
	}
	h.must(h.im.Site(t.Context(), site))
	at := time.Now().AddDate(0, 0, -3)
	h.must(clean("catalogue", func() (intake.Report, error) {
		return h.im.Catalogue(t.Context(), []intake.SKU{{Owner: "OWN", SKU: "S", Name: "货", ValueMinor: 5000, Codes: []intake.Code{{Code: contestCode, Kind: "gtin"}}}})
	}))
	h.must(clean("orders", func() (intake.Report, error) {
		return h.im.Orders(t.Context(), []intake.Order{{Shop: "SHOP", Number: "OSECRET", State: "delivered", PlacedAt: at, Buyer: intake.Buyer{Name: "王小明", Phone: "13800001234", Address: "某路一号"},
			Lines:    []intake.OrderLine{{Line: 1, SKU: "S", Quantity: 1, PriceMinor: 5000, PaidMinor: 5000}},
			Payments: []intake.Payment{{Gateway: "wechatpay", Account: h.bank.account(), TransactionID: "42000001", OutTradeNo: "T1", CapturedMinor: 5000}}}})
	}))
	h.must(clean("cases", func() (intake.Report, error) {
		return h.im.Cases(t.Context(), []intake.Case{{Shop: "SHOP", Number: "CSECRET", Order: "OSECRET", Type: "return_refund", Warehouse: "SZ1", SubmittedAt: at,
			Lines: []intake.CaseLine{{Line: 1, Quantity: 1}}, Waybills: []intake.Waybill{{Carrier: "sf", Number: "SF1234567890123"}}}})
	}))
	h.people()
	h.server.start("")
	h.base = "http://" + h.server.address
	var err error
	h.boss, err = login(t.Context(), h.base, "boss")
	h.must(err)
	h.local, err = login(t.Context(), h.base, "local")
	h.must(err)
	h.token = h.station(1)
	h.fill()
	return h
}

func (h *house) people() {
	var here id.Warehouse
	h.must(h.db.Read.Raw("SELECT id FROM warehouses WHERE code = 'HZ1'").Scan(&here).Error)
	var everywhere, local []auth.Grant
	for _, role := range auth.Roles {
		everywhere = append(everywhere, auth.Grant{Role: role})
		local = append(local, auth.Grant{Role: role, Warehouse: here})
	}
	for name, grants := range map[string][]auth.Grant{"boss": everywhere, "local": local} {
		_, err := h.keeper.CreateUser(h.t.Context(), auth.NewUser{Username: name, Password: Password, Grants: grants})
		h.must(err)
	}
}

// fill receives the piece in SZ1 and approves its case, which asks for a refund.
func (h *house) fill() {
	ctx := h.t.Context()
	g := h.gun(h.server.address, h.station(2))
	parcel := g.want("SF1234567890123", scanner.CodeParcelOpened).Parcel
	plate := g.want(contestCode, scanner.CodeMatched).Plate
	g.conn.Close()
	h.must(h.boss.do(ctx, http.MethodPost, "/api/v1/cases/CSECRET/decision", map[string]any{"decision": "approved", "note": ""}, nil))
	var refund string
	h.must(h.db.Read.Raw("SELECT number FROM refunds").Scan(&refund).Error)
	var station int64
	h.must(h.db.Read.Raw("SELECT s.id FROM stations s JOIN warehouses w ON w.id = s.warehouse_id WHERE w.code = 'SZ1'").Scan(&station).Error)
	h.hidden = map[string]string{"/scans/{producer}/{seq}": g.producer, "/units/{plate}": plate, "/parcels/{number}": parcel, "/cases/{number}": "CSECRET", "/refunds/{number}": refund, "/stations/{id}": fmt.Sprint(station)}
}

// operation is one of the API's own description.
type operation struct {
	method, path string
	id           string
	roles        []string
	query        []string
	body         map[string]any // schema of its properties; nil: takes none
}

// operations reads the description that the server serves.
func (h *house) operations() (out []operation) {
	h.t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string   `json:"operationId"`
			Roles       []string `json:"x-roles"`
			Parameters  []struct {
				Name, In string
			}
			RequestBody *struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
		Components struct{ Schemas map[string]map[string]any }
	}
	h.must(h.boss.do(h.t.Context(), http.MethodGet, "/openapi.json", nil, &doc))
	for path, methods := range doc.Paths {
		for method, op := range methods {
			o := operation{method: strings.ToUpper(method), path: path, id: op.OperationID, roles: op.Roles}
			for _, p := range op.Parameters {
				if p.In == "query" {
					o.query = append(o.query, p.Name)
				}
			}
			if op.RequestBody != nil {
				schema := op.RequestBody.Content["application/json"].Schema
				if ref, ok := schema["$ref"].(string); ok {
					schema = doc.Components.Schemas[ref[strings.LastIndexByte(ref, '/')+1:]]
				}
				o.body, _ = schema["properties"].(map[string]any)
			}
			out = append(out, o)
		}
	}
	if len(out) < 30 {
		h.t.Fatalf("only %d operations described", len(out))
	}
	return out
}

// at fills the path's parameters with a value; beside a producer the seq is 1.
func (o operation) at(value string) string {
	path := o.path
	if wire.ValidProducer(value) {
		path = strings.Replace(path, "{seq}", "1", 1)
	}
	for {
		i := strings.IndexByte(path, '{')
		if i < 0 {
			return path
		}
		path = path[:i] + value + path[i+strings.IndexByte(path[i:], '}')+1:]
	}
}

func (o operation) named() bool { return strings.Contains(o.path, "{") }

// sound is a body that the description allows: what is wrong with a request is then only what a test put in.
func (o operation) sound() map[string]any {
	out := map[string]any{}
	for name, raw := range o.body {
		s, _ := raw.(map[string]any)
		switch enum, _ := s["enum"].([]any); {
		case len(enum) > 0:
			out[name] = enum[0]
		case s["type"] == "string":
			out[name] = "xxxxxxxx"
		case s["type"] == "integer":
			out[name] = 1
		case s["type"] == "boolean":
			out[name] = false
		case s["type"] == "array":
			out[name] = []any{}
		default:
			out[name] = map[string]any{}
		}
	}
	return out
}

func (o operation) with(name string, value any) []byte {
	body := o.sound()
	body[name] = value
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return b
}
