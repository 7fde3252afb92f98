package agent

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/sticker"
)

// ReprintRequest asks for a second label of a plate.
type ReprintRequest struct {
	Plate  string `json:"plate"`
	Reason string `json:"reason"` // lost, damaged, unreadable, or in the clerk's words
}

// SettleRequest answers whether a label in doubt came out.
type SettleRequest struct {
	Plate   string `json:"plate"`
	Printed bool   `json:"printed"`
}

const (
	maxRequest = 4 << 10
	maxReason  = 200
)

func (p *page) labelRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /agent/print/reprint", p.withCookie(p.postReprint))
	mux.HandleFunc("POST /agent/print/settle", p.withCookie(p.postSettle))
	mux.HandleFunc("GET /agent/label/{file}", p.withCookie(p.getLabel))
}

func (p *page) postReprint(w http.ResponseWriter, r *http.Request) {
	var in ReprintRequest
	if !p.body(w, r, &in) {
		return
	}
	reason := strings.TrimSpace(in.Reason)
	if len(reason) > maxReason {
		problem(w, http.StatusBadRequest, "reason_long", "give the reason in a few words")
		return
	}
	p.done(w, p.agent.press.reprint(strings.TrimSpace(in.Plate), reason))
}

func (p *page) postSettle(w http.ResponseWriter, r *http.Request) {
	var in SettleRequest
	if p.body(w, r, &in) {
		p.done(w, p.agent.press.answer(strings.ToUpper(strings.TrimSpace(in.Plate)), in.Printed))
	}
}

// body reads a request. Only JSON: a form of another site cannot send it.
func (p *page) body(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		problem(w, http.StatusUnsupportedMediaType, "json_only", "send application/json")
		return false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		problem(w, http.StatusBadRequest, "malformed", "the request is not what this page sends")
	}
	return err == nil
}

func (p *page) done(w http.ResponseWriter, err error) {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	f := fault.Of(err)
	status := http.StatusInternalServerError
	switch f.Kind {
	case fault.Invalid:
		status = http.StatusBadRequest
	case fault.NotFound:
		status = http.StatusNotFound
	case fault.Conflict:
		status = http.StatusConflict
	case fault.Unavailable:
		status = http.StatusServiceUnavailable
	}
	problem(w, status, f.Code, f.Message)
}

// getLabel draws the label of a plate: U….svg for the browser, U….zpl as it goes to the printer.
func (p *page) getLabel(w http.ResponseWriter, r *http.Request) {
	name, kind, _ := strings.Cut(r.PathValue("file"), ".")
	n, ok := scanner.PlateNumber(name)
	if !ok || kind != "svg" && kind != "zpl" {
		p.done(w, errPlateForm)
		return
	}
	job, ok := p.agent.labelFor(scanner.Plate(n))
	if !ok {
		p.done(w, errNotHere)
		return
	}
	job.Copy = 1
	page, err := plateOf(job).Page(p.agent.Format)
	var out []byte
	if err == nil {
		out, err = sticker.SVG(page)
	}
	if err != nil {
		p.done(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if kind == "zpl" {
		w.Header().Set("Content-Type", "application/zpl")
		w.Write(sticker.ZPL(page))
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Write(out)
}
