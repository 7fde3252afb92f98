package api

import (
	"context"
	"strings"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/sticker"
)

type labelQuery struct {
	UnitPath
	Format string `query:"format" enum:"svg,zpl" default:"svg" doc:"a picture for the browser, or the job for a label printer"`
	Label  string `query:"label" maxLength:"20" doc:"label stock in millimetres, as 50x30"`
	DPI    string `query:"dpi" enum:"203,300,600" default:"203"`
	Symbol string `query:"symbol" enum:"code128,datamatrix" default:"code128"`
	Lang   string `query:"lang" enum:"zh,en" default:"zh"`
}

// labelFile is a label as a file.
type labelFile struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) routesLabels() {
	register(s, route{method: "GET", path: "/units/{plate}/label", id: "get-unit-label", summary: "The label of a piece, to print from the browser or on a label printer", tag: "units", access: seesGoods}, s.unitLabel)
}

func (s *Server) unitLabel(ctx context.Context, who caller, in *labelQuery) (*labelFile, error) {
	f, err := sticker.ParseFormat(func(key string) string {
		return map[string]string{"label": in.Label, "dpi": in.DPI, "symbol": in.Symbol}[key]
	})
	if err != nil {
		return nil, fault.New(fault.Invalid, "label_format", "%s", err.Error())
	}
	plate := strings.ToUpper(in.Plate)
	if _, _, _, err := s.report.UnitAt(ctx, who.Scope, plate); err != nil {
		return nil, err
	}
	p, err := s.labels.Of(ctx, plate, in.Lang)
	if err != nil {
		return nil, err
	}
	page, err := p.Page(f)
	if err != nil {
		return nil, fault.New(fault.Invalid, "label_format", "%s", err.Error())
	}
	if in.Format == "zpl" {
		return &labelFile{ContentType: "application/zpl", Body: sticker.ZPL(page)}, nil
	}
	svg, err := sticker.SVG(page)
	if err != nil {
		return nil, err
	}
	return &labelFile{ContentType: "image/svg+xml", Body: svg}, nil
}
