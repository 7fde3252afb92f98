package api

import (
	"context"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/receiving/unclaimed"
)

// UnclaimedOffice holds what people do with parcels of unknown owner.
type UnclaimedOffice interface {
	UnclaimedNotes
	UnclaimedEnds
	ClaimOrder(ctx context.Context, parcel id.Parcel, o id.Order, by id.User) error
}

// UnclaimedNotes keeps what is known of one.
type UnclaimedNotes interface {
	Shelve(ctx context.Context, parcel id.Parcel, shelf string, by id.User) error
	Note(ctx context.Context, parcel id.Parcel, l unclaimed.Label, by id.User) error
	Ask(ctx context.Context, parcel id.Parcel, owner id.Owner, note string, by id.User) error
}

// UnclaimedEnds ends one, by two persons.
type UnclaimedEnds interface {
	Request(ctx context.Context, parcel id.Parcel, ending, reason string, by id.User) error
	Withdraw(ctx context.Context, parcel id.Parcel, by id.User) error
	Confirm(ctx context.Context, parcel id.Parcel, by id.User, manager bool) error
}

var (
	minds    = only(auth.Service, auth.Clerk, auth.Manager)
	endsThem = only(auth.Service, auth.Manager)
)

type unclaimedQuery struct {
	Listing
	Warehouse string    `query:"warehouse" maxLength:"40"`
	Q         string    `query:"q" maxLength:"100" doc:"parcel number, waybill, shelf, SKU, serial, code as read, paper inside, or a part of a product's name or of the origin"`
	Since     time.Time `query:"since" doc:"came at or after"`
	Until     time.Time `query:"until" doc:"came before"`
	Old       bool      `query:"old" doc:"only those over three days"`
	Ended     bool      `query:"ended" doc:"those that were handed back, sold or disposed of, instead"`
}

type claimUnclaimedInput struct {
	ParcelPath
	Body struct {
		Case  string `json:"case,omitempty" maxLength:"100" doc:"case number; or an order number"`
		Order string `json:"order,omitempty" maxLength:"100" doc:"an order without a case: an advance receipt"`
		Shop  string `json:"shop,omitempty" maxLength:"100" doc:"shop code, where several shops have that number"`
	}
}

type shelfInput struct {
	ParcelPath
	Body struct {
		Shelf string `json:"shelf" minLength:"1" maxLength:"40"`
	}
}

type labelInput struct {
	ParcelPath
	Body struct {
		Slip      string `json:"slip,omitempty" maxLength:"100" doc:"order or case number on a paper inside"`
		PhoneTail string `json:"phone_tail,omitempty" maxLength:"4" doc:"last four digits of a phone, only where the label shows them; kept as a blind index"`
		Origin    string `json:"origin,omitempty" maxLength:"100" doc:"sender's place"`
	}
}

type askInput struct {
	ParcelPath
	Body struct {
		Owner string `json:"owner,omitempty" maxLength:"40" doc:"owner code; without: the courier"`
		Note  string `json:"note,omitempty" maxLength:"500"`
	}
}

type endInput struct {
	ParcelPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

func (s *Server) routesUnclaimed() {
	register(s, route{method: "GET", path: "/unclaimed", id: "list-unclaimed", summary: "Parcels of unknown owner, the oldest first", tag: "unclaimed", access: minds},
		func(ctx context.Context, who caller, in *unclaimedQuery) (*out[report.Page[report.UnclaimedRow]], error) {
			return reply(s.report.Unclaimed(ctx, who.Scope, report.UnclaimedFilter{Warehouse: in.Warehouse, Query: in.Q, Since: in.Since, Until: in.Until, Old: in.Old, Ended: in.Ended}, in.ask()))
		})
	register(s, route{method: "GET", path: "/unclaimed/{number}", id: "get-unclaimed", summary: "A parcel of unknown owner with those who may own it, and why", tag: "unclaimed", access: minds},
		func(ctx context.Context, who caller, in *ParcelPath) (*out[*report.UnclaimedDetail], error) {
			return reply(s.report.UnclaimedOne(ctx, who.Scope, who.User, in.Number))
		})
	register(s, route{method: "POST", path: "/unclaimed/{number}/claim", id: "claim-unclaimed", summary: "Say whose it is; its pieces are judged again", tag: "unclaimed", access: minds}, s.claimUnclaimed)
	register(s, route{method: "POST", path: "/unclaimed/{number}/shelf", id: "shelve-unclaimed", summary: "Say where in the pile it lies", tag: "unclaimed", access: minds},
		func(ctx context.Context, who caller, in *shelfInput) (*out[*report.UnclaimedDetail], error) {
			return s.onUnclaimed(ctx, who, in.Number, func(ctx context.Context, p id.Parcel, _ id.Warehouse) error {
				return s.d.Unclaimed.Shelve(ctx, p, in.Body.Shelf, who.User)
			})
		})
	register(s, route{method: "POST", path: "/unclaimed/{number}/label", id: "note-unclaimed", summary: "Keep what stands on the label or on a paper inside; candidates are ranked by it", tag: "unclaimed", access: minds},
		func(ctx context.Context, who caller, in *labelInput) (*out[*report.UnclaimedDetail], error) {
			return s.onUnclaimed(ctx, who, in.Number, func(ctx context.Context, p id.Parcel, _ id.Warehouse) error {
				return s.d.Unclaimed.Note(ctx, p, unclaimed.Label{Slip: in.Body.Slip, Tail: in.Body.PhoneTail, Origin: in.Body.Origin}, who.User)
			})
		})
	register(s, route{method: "POST", path: "/unclaimed/{number}/ask-owner", id: "ask-unclaimed", summary: "Record that an owner, or the courier, was asked whose it is", tag: "unclaimed", access: minds}, s.askUnclaimed)
	s.routesUnclaimedEnds()
}

// routesUnclaimedEnds adds the ends: one person asks, another confirms.
func (s *Server) routesUnclaimedEnds() {
	for _, e := range []struct{ path, ending, summary string }{
		{"hand-back", receiving.HandedBack, "Ask to hand it back to the courier or the sender; another person confirms"},
		{"sell-as-found", receiving.SoldAsFound, "Ask to sell it as found, once its time has come; another person confirms"},
		{"dispose", receiving.Disposed, "Ask to dispose of it, once its time has come; another person confirms"},
	} {
		register(s, route{method: "POST", path: "/unclaimed/{number}/" + e.path, id: e.path + "-unclaimed", summary: e.summary, tag: "unclaimed", access: endsThem},
			func(ctx context.Context, who caller, in *endInput) (*out[*report.UnclaimedDetail], error) {
				return s.onUnclaimed(ctx, who, in.Number, func(ctx context.Context, p id.Parcel, _ id.Warehouse) error {
					return s.d.Unclaimed.Request(ctx, p, e.ending, in.Body.Reason, who.User)
				})
			})
	}
	register(s, route{method: "POST", path: "/unclaimed/{number}/confirm", id: "confirm-unclaimed", summary: "Confirm the end that another person has asked for; above the limit, as a manager", tag: "unclaimed", access: endsThem},
		func(ctx context.Context, who caller, in *ParcelPath) (*out[*report.UnclaimedDetail], error) {
			return s.onUnclaimed(ctx, who, in.Number, func(ctx context.Context, p id.Parcel, w id.Warehouse) error {
				return s.d.Unclaimed.Confirm(ctx, p, who.User, who.Principal.Scope(auth.Manager).Warehouse(w))
			})
		})
	register(s, route{method: "POST", path: "/unclaimed/{number}/withdraw", id: "withdraw-unclaimed", summary: "Take the request for its end back", tag: "unclaimed", access: endsThem},
		func(ctx context.Context, who caller, in *ParcelPath) (*out[*report.UnclaimedDetail], error) {
			return s.onUnclaimed(ctx, who, in.Number, func(ctx context.Context, p id.Parcel, _ id.Warehouse) error {
				return s.d.Unclaimed.Withdraw(ctx, p, who.User)
			})
		})
}

func (s *Server) onUnclaimed(ctx context.Context, who caller, number string, verb func(context.Context, id.Parcel, id.Warehouse) error) (*out[*report.UnclaimedDetail], error) {
	if s.d.Unclaimed == nil {
		return nil, errNotWired
	}
	p, w, err := s.report.UnclaimedAt(ctx, who.Scope, number)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error { return verb(ctx, p, w) }, func(ctx context.Context) (*report.UnclaimedDetail, error) {
		return s.report.UnclaimedOne(ctx, who.Scope, who.User, number)
	})
}

func (s *Server) askUnclaimed(ctx context.Context, who caller, in *askInput) (*out[*report.UnclaimedDetail], error) {
	var owner id.Owner
	if in.Body.Owner != "" {
		var err error
		if owner, err = s.report.OwnerNamed(ctx, in.Body.Owner); err != nil {
			return nil, err
		}
	}
	return s.onUnclaimed(ctx, who, in.Number, func(ctx context.Context, p id.Parcel, _ id.Warehouse) error {
		return s.d.Unclaimed.Ask(ctx, p, owner, in.Body.Note, who.User)
	})
}

func (s *Server) claimUnclaimed(ctx context.Context, who caller, in *claimUnclaimedInput) (*out[*report.ParcelDetail], error) {
	if s.d.Unclaimed == nil || s.d.Parcels == nil {
		return nil, errNotWired
	}
	p, _, err := s.report.UnclaimedAt(ctx, who.Scope, in.Number)
	if err != nil {
		return nil, err
	}
	var verb func(ctx context.Context) error
	switch {
	case in.Body.Case != "":
		c, err := s.report.CaseAt(ctx, who.Scope, in.Body.Case, in.Body.Shop)
		if err != nil {
			return nil, err
		}
		verb = func(ctx context.Context) error { return s.d.Parcels.Claim(ctx, p, c, who.User) }
	case in.Body.Order != "":
		o, err := s.report.OrderAt(ctx, who.Scope, in.Body.Order, in.Body.Shop)
		if err != nil {
			return nil, err
		}
		verb = func(ctx context.Context) error { return s.d.Unclaimed.ClaimOrder(ctx, p, o, who.User) }
	default:
		return nil, fault.New(fault.Invalid, "claim_for", "name a case or an order")
	}
	return write(ctx, s, verb, func(ctx context.Context) (*report.ParcelDetail, error) {
		return s.report.Parcel(ctx, who.Scope, in.Number)
	})
}
