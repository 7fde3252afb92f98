package api

import (
	"context"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/evidence"
)

// EvidenceRow is one photo or video.
type EvidenceRow struct {
	Number     string             `json:"number"`
	Kind       string             `json:"kind" enum:"photo,video,damage,empty_box,qc"`
	Type       string             `json:"type" doc:"by content: image/jpeg, image/png, image/webp, video/webm, video/mp4"`
	Size       int64              `json:"size" doc:"bytes"`
	SHA256     string             `json:"sha256"`
	CapturedAt time.Time          `json:"captured_at" doc:"by the server's clock"`
	AddedAt    time.Time          `json:"added_at"`
	DurationMS int64              `json:"duration_ms" doc:"of a video"`
	Unit       string             `json:"unit" doc:"plate; empty: it shows the parcel"`
	Bench      string             `json:"bench"`
	By         string             `json:"by"`
	Content    string             `json:"content" doc:"where the file is; empty once it was removed"`
	Thumbnail  string             `json:"thumbnail" doc:"a small picture of a photo"`
	PurgedAt   *time.Time         `json:"purged_at,omitempty"`
	Chapters   []evidence.Chapter `json:"chapters" doc:"of a video: the scans in it"`
}

// HoldRow keeps evidence from being removed, and its pieces from leaving.
type HoldRow struct {
	ID     int64     `json:"id"`
	On     string    `json:"on" enum:"parcel,case"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// EvidenceList is what there is of a parcel or a piece.
type EvidenceList struct {
	Items []EvidenceRow `json:"items"`
	Holds []HoldRow     `json:"holds" doc:"that stand now"`
}

// EvidencePolicy is what holds for an owner's evidence.
type EvidencePolicy struct {
	Owner      string         `json:"owner"`
	EmptyPhoto bool           `json:"empty_photo" doc:"a box closed as empty wants a photo, or somebody gets a task"`
	KeepDays   map[string]int `json:"keep_days" doc:"by kind: photo, video, damage, empty_box, qc"`
}

type holdInput struct {
	Body struct {
		Parcel string `json:"parcel,omitempty" maxLength:"40"`
		Case   string `json:"case,omitempty" maxLength:"100" doc:"instead of parcel: everything of this case"`
		Shop   string `json:"shop,omitempty" maxLength:"100" doc:"shop code, where several shops have a case of that number"`
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type releaseInput struct {
	Hold int64 `path:"hold" minimum:"1"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

// OwnerPath names an owner.
type OwnerPath struct {
	Owner string `path:"owner" maxLength:"40"`
}

type policyInput struct {
	Owner string `path:"owner" maxLength:"40"`
	Body  struct {
		EmptyPhoto bool           `json:"empty_photo"`
		KeepDays   map[string]int `json:"keep_days" doc:"by kind; what is not named stays"`
	}
}

var (
	holdsEvidence = only(auth.Service, auth.Claims, auth.Manager)
	rulesEvidence = only(auth.Manager, auth.Admin)
)

func (s *Server) routesEvidence() {
	register(s, route{method: "GET", path: "/parcels/{number}/evidence", id: "list-parcel-evidence", summary: "Photos and videos of a parcel, oldest first", tag: "evidence", access: seesGoods}, s.parcelEvidence)
	register(s, route{method: "GET", path: "/units/{plate}/evidence", id: "list-unit-evidence", summary: "Photos and videos of a piece, and of its parcel", tag: "evidence", access: seesGoods}, s.unitEvidence)
	register(s, route{method: "POST", path: "/evidence/holds", id: "hold-evidence", summary: "Keep the evidence of a parcel or a case, and its pieces as they are", tag: "evidence", access: holdsEvidence}, s.holdEvidence)
	register(s, route{method: "POST", path: "/evidence/holds/{hold}/release", id: "release-evidence", summary: "End such a hold", tag: "evidence", access: holdsEvidence}, s.releaseEvidence)
	register(s, route{method: "GET", path: "/evidence/policies/{owner}", id: "get-evidence-policy", summary: "How long evidence of an owner's goods is kept", tag: "evidence", access: rulesEvidence},
		func(ctx context.Context, who caller, in *OwnerPath) (*out[*EvidencePolicy], error) {
			return reply(s.evidencePolicy(ctx, who, in.Owner))
		})
	register(s, route{method: "PUT", path: "/evidence/policies/{owner}", id: "set-evidence-policy", summary: "Change it", tag: "evidence", access: rulesEvidence}, s.setEvidencePolicy)
}

func (s *Server) parcelEvidence(ctx context.Context, who caller, in *ParcelPath) (*out[*EvidenceList], error) {
	if s.d.Evidence == nil {
		return nil, errNotWired
	}
	p, err := s.report.ParcelAt(ctx, who.Scope, in.Number)
	if err != nil {
		return nil, err
	}
	items, err := s.d.Evidence.OfParcel(ctx, who.Scope, p)
	if err != nil {
		return nil, err
	}
	return reply(s.evidenceList(ctx, items, p))
}

func (s *Server) unitEvidence(ctx context.Context, who caller, in *UnitPath) (*out[*EvidenceList], error) {
	if s.d.Evidence == nil {
		return nil, errNotWired
	}
	if _, _, _, err := s.report.UnitAt(ctx, who.Scope, in.Plate); err != nil {
		return nil, err
	}
	items, err := s.d.Evidence.OfUnit(ctx, who.Scope, in.Plate)
	if err != nil {
		return nil, err
	}
	_, p, err := s.d.Evidence.Piece(ctx, in.Plate)
	if err != nil {
		return nil, err
	}
	return reply(s.evidenceList(ctx, items, p))
}

func (s *Server) evidenceList(ctx context.Context, items []evidence.Shown, p id.Parcel) (*EvidenceList, error) {
	l := &EvidenceList{Items: []EvidenceRow{}, Holds: []HoldRow{}}
	for _, e := range items {
		row := EvidenceRow{Number: e.Number(), Kind: e.Kind, Type: e.Type, Size: e.Size, SHA256: e.Hash, CapturedAt: e.CapturedAt.Add(time.Duration(e.OffsetMS) * time.Millisecond), AddedAt: e.AddedAt,
			DurationMS: e.DurationMS, Unit: e.Plate, Bench: e.Bench, By: e.By, PurgedAt: e.PurgedAt, Chapters: []evidence.Chapter{}}
		if e.PurgedAt == nil {
			at := evidencePrefix + e.Number()
			row.Content = at + "/content"
			if e.Kind != evidence.Video {
				row.Thumbnail = at + "/thumbnail"
			}
		}
		var err error
		if row.Chapters, err = s.d.Evidence.Chapters(ctx, e.Evidence); err != nil {
			return nil, err
		}
		l.Items = append(l.Items, row)
	}
	holds, err := s.d.Evidence.HoldsOf(ctx, p)
	for _, h := range holds {
		on := "parcel"
		if h.CaseID != nil {
			on = "case"
		}
		l.Holds = append(l.Holds, HoldRow{ID: int64(h.ID), On: on, Reason: h.Reason, At: h.At.UTC()})
	}
	return l, err
}

func (s *Server) holdEvidence(ctx context.Context, who caller, in *holdInput) (*out[*HoldRow], error) {
	if s.d.Evidence == nil {
		return nil, errNotWired
	}
	var p id.Parcel
	var c id.Case
	var err error
	switch {
	case (in.Body.Parcel == "") == (in.Body.Case == ""):
		err = fault.New(fault.Invalid, "hold_of", "name the parcel or the case whose evidence is held, one of them")
	case in.Body.Parcel != "":
		p, err = s.report.ParcelAt(ctx, who.Scope, in.Body.Parcel)
	default:
		c, err = s.report.CaseAt(ctx, who.Scope, in.Body.Case, in.Body.Shop)
	}
	if err != nil {
		return nil, err
	}
	reason := in.Body.Reason
	return write(ctx, s, func(ctx context.Context) error {
		_, err := s.d.Evidence.Keep(ctx, p, c, who.User, reason)
		return err
	}, func(ctx context.Context) (*HoldRow, error) {
		h, err := s.d.Evidence.Newest(ctx, p, c)
		on := "parcel"
		if h.CaseID != nil {
			on = "case"
		}
		return &HoldRow{ID: int64(h.ID), On: on, Reason: h.Reason, At: h.At.UTC()}, err
	})
}

func (s *Server) releaseEvidence(ctx context.Context, who caller, in *releaseInput) (*out[struct{}], error) {
	if s.d.Evidence == nil {
		return nil, errNotWired
	}
	h, err := s.d.Evidence.HoldWithin(ctx, who.Scope, id.Hold(in.Hold))
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error { return s.d.Evidence.Release(ctx, h.ID, who.User, in.Body.Reason) },
		func(context.Context) (struct{}, error) { return struct{}{}, nil })
}

func (s *Server) evidencePolicy(ctx context.Context, who caller, code string) (*EvidencePolicy, error) {
	if s.d.Evidence == nil {
		return nil, errNotWired
	}
	owner, err := s.d.Evidence.OwnerNamed(ctx, who.Scope, code)
	if err != nil {
		return nil, err
	}
	p, err := s.d.Evidence.PolicyOf(ctx, owner)
	return &EvidencePolicy{Owner: code, EmptyPhoto: p.EmptyPhoto, KeepDays: p.KeepDays}, err
}

func (s *Server) setEvidencePolicy(ctx context.Context, who caller, in *policyInput) (*out[*EvidencePolicy], error) {
	if s.d.Evidence == nil {
		return nil, errNotWired
	}
	owner, err := s.d.Evidence.OwnerNamed(ctx, who.Scope, in.Owner)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error {
		return s.d.Evidence.SetPolicy(ctx, owner, evidence.Policy{EmptyPhoto: in.Body.EmptyPhoto, KeepDays: in.Body.KeepDays})
	}, func(ctx context.Context) (*EvidencePolicy, error) { return s.evidencePolicy(ctx, who, in.Owner) })
}
