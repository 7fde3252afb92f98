package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/receiving/report"
)

type workQuery struct {
	Warehouse string `query:"warehouse" required:"true" maxLength:"40"`
	From      string `query:"from" required:"true" maxLength:"10" doc:"first day of the warehouse, YYYY-MM-DD"`
	To        string `query:"to" required:"true" maxLength:"10" doc:"last day"`
	By        string `query:"by" enum:"operator,bench,hour" default:"operator" doc:"hour: a row per bench, operator and hour"`
}

func (q workQuery) ask() report.WorkAsk { return report.WorkAsk{From: q.From, To: q.To, By: q.By} }

// seesWork: what people have done is for those who lead them.
var seesWork = only(auth.Manager, auth.Admin)

func (s *Server) routesWork() {
	register(s, route{method: "GET", path: "/reports/work", id: "work", summary: "Work done per operator, bench and hour", tag: "reports", access: seesWork},
		func(ctx context.Context, who caller, in *workQuery) (*out[report.WorkList], error) {
			list, err := s.workOf(ctx, who, in)
			return reply(list, err)
		})
	register(s, route{method: "GET", path: "/reports/work.csv", id: "work-csv", summary: "The same as CSV", tag: "reports", access: seesWork}, s.workCSV)
}

func (s *Server) workOf(ctx context.Context, who caller, in *workQuery) (report.WorkList, error) {
	w, err := s.report.WarehouseNamed(ctx, who.Scope, in.Warehouse)
	if err == nil {
		err = boardOf(w, who.Scope)
	}
	if err != nil {
		return report.WorkList{}, err
	}
	return s.report.Work(ctx, w.ID, in.ask())
}

var workColumns = []string{"day", "hour", "bench", "operator", "parcels_docked", "parcels_opened", "parcels_closed", "pieces", "inspections", "put_aways", "errors", "minutes", "pieces_per_hour"}

// workCSV is read before the first byte goes out, so that a failure is still a problem and not half a file; the rows are written as the client takes them.
func (s *Server) workCSV(ctx context.Context, who caller, in *workQuery) (*huma.StreamResponse, error) {
	list, err := s.workOf(ctx, who, in)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetStatus(http.StatusOK)
		hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
		hc.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="work-%s-%s-%s.csv"`, in.Warehouse, in.From, in.To))
		humafiber.Unwrap(hc).Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			_, _ = w.WriteString("\uFEFF") // spreadsheets take UTF-8 for something else without it
			c := csv.NewWriter(w)
			_ = c.Write(workColumns)
			for _, r := range list.Items {
				if c.Write(workRecord(r)) != nil {
					return // the client is gone
				}
			}
			c.Flush()
		})
	}}, nil
}

func workRecord(r report.WorkRow) []string {
	hour := ""
	if r.Hour != nil {
		hour = strconv.Itoa(*r.Hour)
	}
	rec := []string{r.Day, hour, plainCell(r.Bench), plainCell(r.Operator)}
	for _, n := range []int64{r.ParcelsDocked, r.ParcelsOpened, r.ParcelsClosed, r.Pieces, r.Inspections, r.PutAways, r.Errors, r.Minutes} {
		rec = append(rec, strconv.FormatInt(n, 10))
	}
	return append(rec, strconv.FormatFloat(r.PiecesPerHour, 'f', 1, 64))
}

// plainCell keeps a spreadsheet from taking a name for a formula.
func plainCell(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@' || s[0] == '\t') {
		return "'" + s
	}
	return s
}
