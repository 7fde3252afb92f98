package api

import (
	"context"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/stock"
	"github.com/backdock/backdock/receiving/report"
)

type countsQuery struct {
	Listing
	Warehouse string `query:"warehouse" required:"true" maxLength:"40"`
}

type openCountInput struct {
	Body struct {
		Warehouse string `json:"warehouse" minLength:"1" maxLength:"40"`
		Place     string `json:"place,omitempty" maxLength:"60" doc:"empty: all that waits for inspection"`
	}
}

type countedInput struct {
	IDPath
	Body struct {
		Plates []string `json:"plates" minItems:"1" maxItems:"500"`
	}
}

type uncountInput struct {
	IDPath
	Plate string `path:"plate" maxLength:"40"`
}

// CountLine is one difference between what was counted and the book.
type CountLine struct {
	Plate  string `json:"plate"`
	Kind   string `json:"kind" enum:"missing,surplus,misplaced"`
	Book   string `json:"book" doc:"missing, misplaced: where the book has it; surplus: the state the book says, or unknown"`
	Result string `json:"result" enum:",posted,changed,open"`
}

// CountDetail is a stock-take with its differences as they stand, or as they were when it was closed.
type CountDetail struct {
	report.CountRow
	Lines  []CountLine `json:"lines"`
	Plates []string    `json:"plates" doc:"counted, the latest first, at most 500"`
}

func (s *Server) routesCounts() {
	register(s, route{method: "GET", path: "/stock/counts", id: "list-counts", summary: "Stock-takes of a warehouse, the newest first", tag: "stock", access: counts},
		func(ctx context.Context, who caller, in *countsQuery) (*out[report.Page[report.CountRow]], error) {
			return reply(s.report.Counts(ctx, who.Scope, in.Warehouse, in.ask()))
		})
	register(s, route{method: "GET", path: "/stock/counts/{id}", id: "get-count", summary: "A stock-take with its differences", tag: "stock", access: counts},
		func(ctx context.Context, who caller, in *IDPath) (*out[*CountDetail], error) {
			return reply(s.count(who, in.ID)(ctx))
		})
	register(s, route{method: "POST", path: "/stock/counts", id: "open-count", summary: "Begin to count what waits for inspection", tag: "stock", access: counts}, s.openCount)
	register(s, route{method: "POST", path: "/stock/counts/{id}/plates", id: "count-plates", summary: "Add plates that were scanned", tag: "stock", access: counts},
		func(ctx context.Context, who caller, in *countedInput) (*out[*CountDetail], error) {
			return s.counting(ctx, who, in.ID, func(ctx context.Context) error {
				return s.d.Stock.Counted(ctx, id.Count(in.ID), in.Body.Plates, who.User)
			})
		})
	register(s, route{method: "POST", path: "/stock/counts/{id}/plates/{plate}/undo", id: "uncount-plate", summary: "Take a plate back that was scanned by mistake", tag: "stock", access: counts},
		func(ctx context.Context, who caller, in *uncountInput) (*out[*CountDetail], error) {
			return s.counting(ctx, who, in.ID, func(ctx context.Context) error { return s.d.Stock.Uncounted(ctx, id.Count(in.ID), in.Plate) })
		})
	for _, v := range []struct {
		name, id, summary string
		access            access
		verb              func(ctx context.Context, c id.Count, by id.User) error
	}{
		{"close", "close-count", "End the scanning and freeze the differences", counts, func(ctx context.Context, c id.Count, by id.User) error { return s.d.Stock.CloseCount(ctx, c, by) }},
		{"confirm", "confirm-count", "Post what a closed count found", manages, func(ctx context.Context, c id.Count, by id.User) error { return s.d.Stock.ConfirmCount(ctx, c, by) }},
		{"cancel", "cancel-count", "Throw a count away", counts, func(ctx context.Context, c id.Count, _ id.User) error { return s.d.Stock.CancelCount(ctx, c) }},
	} {
		register(s, route{method: "POST", path: "/stock/counts/{id}/" + v.name, id: v.id, summary: v.summary, tag: "stock", access: v.access},
			func(ctx context.Context, who caller, in *IDPath) (*out[*CountDetail], error) {
				return s.counting(ctx, who, in.ID, func(ctx context.Context) error { return v.verb(ctx, id.Count(in.ID), who.User) })
			})
	}
}

func (s *Server) openCount(ctx context.Context, who caller, in *openCountInput) (*out[*CountDetail], error) {
	if s.d.Stock == nil {
		return nil, errNotWired
	}
	w, err := s.report.WarehouseNamed(ctx, who.Scope, in.Body.Warehouse)
	if err == nil && !who.Scope.Warehouse(w.ID) {
		err = fault.New(fault.Denied, "count_denied", "a count of %s shows every owner's goods, and your grants do not", w.Code)
	}
	if err != nil {
		return nil, err
	}
	var made stock.Count
	return write(ctx, s, func(ctx context.Context) (err error) {
		made, err = s.d.Stock.OpenCount(ctx, w.ID, in.Body.Place, who.User)
		return err
	}, func(ctx context.Context) (*CountDetail, error) {
		return s.latestCount(ctx, who, in.Body.Warehouse, made)
	})
}

// latestCount shows the count that was just opened. Inside the verb's transaction its number is not known to the caller yet, but it is the newest of the warehouse.
func (s *Server) latestCount(ctx context.Context, who caller, warehouse string, made stock.Count) (*CountDetail, error) {
	if made.ID != 0 {
		return s.count(who, int64(made.ID))(ctx)
	}
	p, err := s.report.Counts(ctx, who.Scope, warehouse, report.Ask{Limit: 1})
	if err != nil || len(p.Items) == 0 {
		return nil, err
	}
	return s.count(who, p.Items[0].ID)(ctx)
}

// counting runs a verb on a count of a warehouse that the caller covers.
func (s *Server) counting(ctx context.Context, who caller, n int64, verb func(context.Context) error) (*out[*CountDetail], error) {
	if s.d.Stock == nil {
		return nil, errNotWired
	}
	if _, err := s.report.Count(ctx, who.Scope, n); err != nil {
		return nil, err
	}
	return write(ctx, s, verb, s.count(who, n))
}

func (s *Server) count(who caller, n int64) func(context.Context) (*CountDetail, error) {
	return func(ctx context.Context) (*CountDetail, error) {
		if s.d.Stock == nil {
			return nil, errNotWired
		}
		c, err := s.report.Count(ctx, who.Scope, n)
		if err != nil {
			return nil, err
		}
		d := &CountDetail{CountRow: c, Lines: []CountLine{}}
		if d.Plates, err = s.report.CountPlates(ctx, n); err != nil {
			return nil, err
		}
		lines, err := s.d.Stock.DifferencesOf(ctx, id.Count(n))
		for _, l := range lines {
			d.Lines = append(d.Lines, CountLine{Plate: l.Plate, Kind: l.Kind, Book: l.Book, Result: l.Result})
		}
		return d, err
	}
}
