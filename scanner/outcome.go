package scanner

import "time"

// Verdict is the answer in one word; it picks colour and icon on the station page.
type Verdict string

const (
	Accepted  Verdict = "accepted"
	Attention Verdict = "attention"
	Rejected  Verdict = "rejected"
	Duplicate Verdict = "duplicate"
)

// Tone is what the station plays.
type Tone string

const (
	ToneOK    Tone = "ok"    // one high
	ToneDone  Tone = "done"  // three rising
	ToneDup   Tone = "dup"   // two mid
	ToneMid   Tone = "mid"   // look at the screen
	ToneLow   Tone = "low"   // three long low: mismatch
	ToneError Tone = "error" // the scan could not be used
)

// Tote is where the piece in the clerk's hand goes.
type Tote string

const (
	NoTote     Tote = ""
	BlueTote   Tote = "blue"
	YellowTote Tote = "yellow"
	RedTote    Tote = "red"
)

// EffectKind says what a scan changed.
type EffectKind string

const (
	EffectUnitBooked     EffectKind = "unit_booked"
	EffectUnitUndone     EffectKind = "unit_undone"
	EffectParcelOpened   EffectKind = "parcel_opened"
	EffectParcelClosed   EffectKind = "parcel_closed"
	EffectParcelHeld     EffectKind = "parcel_held"
	EffectParcelResumed  EffectKind = "parcel_resumed"
	EffectAliasAdded     EffectKind = "alias_added"
	EffectConditionSet   EffectKind = "condition_set"
	EffectOperatorOn     EffectKind = "operator_on"
	EffectEmptyConfirmed EffectKind = "empty_confirmed"
	EffectUnitInspected  EffectKind = "unit_inspected"
	EffectUnitPutAway    EffectKind = "unit_put_away"
	EffectParcelClaimed  EffectKind = "parcel_claimed"
	EffectJunkNoted      EffectKind = "junk_noted"

	EffectParcelDocked   EffectKind = "parcel_docked"
	EffectParcelTurned   EffectKind = "parcel_turned" // refused at the dock or handed back
	EffectDockNoted      EffectKind = "dock_noted"    // freight collect or damage
	EffectHandoverClosed EffectKind = "handover_closed"
)

// Effect is one thing a scan changed.
type Effect struct {
	Kind   EffectKind `json:"kind"`
	Plate  string     `json:"plate,omitempty"`  // unit_*
	Parcel string     `json:"parcel,omitempty"` // parcel number, parcel_*
	SKU    string     `json:"sku,omitempty"`    // SKU code, unit_*
	Place  string     `json:"place,omitempty"`  // bin or tote, unit_put_away and unit_inspected
	Stuck  bool       `json:"stuck,omitempty"`  // unit_booked: the plate was pre-printed and is on the piece, print none
}

// Outcome is the stored answer to one scan. The same (producer, seq) always gets the same Outcome; only a parked one is replaced, when a person has the scan run again.
type Outcome struct {
	Seq     uint64            `json:"seq"`
	Verdict Verdict           `json:"verdict"`
	Code    Code              `json:"code"`
	Tone    Tone              `json:"tone"`
	Tote    Tote              `json:"tote,omitempty"`
	Params  map[string]string `json:"params,omitempty"` // values for the text of Code; names as in Codes
	Effects []Effect          `json:"effects,omitempty"`
	Plate   string            `json:"plate,omitempty"`  // the plate to stick on the piece, when a unit was booked
	Parcel  string            `json:"parcel,omitempty"` // parcel number the scan belongs to
	At      time.Time         `json:"at"`               // when the server decided, UTC
	Clerk   string            `json:"clerk,omitempty"`  // display name of the operator the scan is booked to
}
