package scanner

import "time"

// BenchView is what the station page shows of a bench: absolute values, replaced whole by a view with a higher Version.
type BenchView struct {
	Version   int64       `json:"version"`
	Bench     string      `json:"bench"`     // name, such as "3 号收货台"
	Number    int         `json:"number"`    // 3
	Kind      string      `json:"kind"`      // receiving, dock, qc, putaway
	Warehouse string      `json:"warehouse"` // name
	TimeZone  string      `json:"time_zone"` // IANA name; the page renders times in it
	Clerk     string      `json:"clerk"`     // display name of the operator, empty when nobody has logged on
	Parcel    *ParcelView `json:"parcel"`    // the open parcel, nil when none
	Choices   []Choice    `json:"choices"`   // pending CHOOSE:n, empty otherwise
	Today     Tally       `json:"today"`     // this bench, this day of the warehouse
	Plates    PlateMode   `json:"plates,omitempty"`
	Hand      *HandView   `json:"hand,omitempty"` // benches of kind qc and putaway: what was picked up and not yet put down

	Dock  *DockView `json:"dock,omitempty"`  // of a dock bench
	Fetch []Fetch   `json:"fetch,omitempty"` // of a receiving bench without a parcel: what to fetch from the dock next, the most urgent first
}

// DockView is what a dock bench shows of the hand-over under way.
type DockView struct {
	Handover int64      `json:"handover"` // 0: none is open
	Carrier  string     `json:"carrier"`  // courier code, empty while nobody knows
	Said     bool       `json:"said"`     // a person said the courier
	Count    int        `json:"count"`    // parcels of the hand-over, on which clerk and driver have to agree
	Since    *time.Time `json:"since,omitempty"`
	Last     *Docked    `json:"last,omitempty"` // the parcel in the clerk's hand: what controls are about
}

// Docked is one parcel at the dock.
type Docked struct {
	Parcel       string `json:"parcel"`
	Waybill      string `json:"waybill"`
	Carrier      string `json:"carrier"`
	State        string `json:"state"` // expected (taken back), at_dock, refused_at_dock, handed_back, open, held, closed
	Owner        string `json:"owner"` // empty while nobody knows
	Part         int    `json:"part,omitempty"`
	Parts        int    `json:"parts,omitempty"`   // boxes of its consignment; 0: a single one
	Arrived      int    `json:"arrived,omitempty"` // of those
	WeightGrams  int64  `json:"weight_grams,omitempty"`
	CollectMinor int64  `json:"collect_minor,omitempty"`
	Currency     string `json:"currency,omitempty"`
	Damaged      bool   `json:"damaged,omitempty"`
}

// Fetch is a parcel that waits at the dock.
type Fetch struct {
	Parcel   string     `json:"parcel"`
	Shelf    string     `json:"shelf"`
	Carrier  string     `json:"carrier"`
	Waybill  string     `json:"waybill"`
	Since    time.Time  `json:"since"`
	Deadline *time.Time `json:"deadline,omitempty"`
}

// PlateMode is where a bench's plates come from.
type PlateMode string

const (
	PlatesPrinted    PlateMode = ""           // printed for each piece as it is booked
	PlatesPreprinted PlateMode = "preprinted" // on a roll that was printed beforehand; the clerk scans the one on the piece
)

// Tally counts work done.
type Tally struct {
	Parcels int `json:"parcels"`
	Pieces  int `json:"pieces"`
}

// Choice is one candidate the clerk may pick with BD:CHOOSE:N.
type Choice struct {
	N       int    `json:"n"`
	Parcel  string `json:"parcel,omitempty"`
	Order   string `json:"order,omitempty"`
	Case    string `json:"case,omitempty"`
	Shop    string `json:"shop,omitempty"`
	Waybill string `json:"waybill,omitempty"`
	Why     []Why  `json:"why,omitempty"` // of an owner that is proposed: picking it claims the open parcel
}

// Why is one thing that speaks for a proposed owner.
type Why struct {
	Code   string `json:"code"` // serial, slip, sku_set, sku_part, phone_tail, weight, carrier, date, waiting
	Detail string `json:"detail,omitempty"`
}

// ParcelView is the open parcel.
type ParcelView struct {
	Number   string     `json:"number"`
	Kind     string     `json:"kind"` // customer_return, refused, intercepted, undeliverable, unknown
	Waybill  string     `json:"waybill"`
	Carrier  string     `json:"carrier"`
	Owner    string     `json:"owner"`
	Cases    []string   `json:"cases"`
	Orders   []string   `json:"orders"`
	Reason   string     `json:"reason"`      // reason code of the first case
	Words    string     `json:"buyer_words"` // what the buyer wrote, no personal data
	Note     string     `json:"note"`        // code of a standing remark (case_over, refunded_already), or empty
	OpenedAt time.Time  `json:"opened_at"`
	Deadline *time.Time `json:"deadline,omitempty"`
	Expected int        `json:"expected"`
	Received int        `json:"received"` // towards Expected; extras not counted
	Lines    []LineView `json:"lines"`

	WeightGrams   int64 `json:"weight_grams,omitempty"`   // of the closed box; 0: not weighed
	ExpectedGrams int64 `json:"expected_grams,omitempty"` // what it should weigh; 0: nobody knows
	Light         bool  `json:"light,omitempty"`          // it lacks more than the owner's tolerance
}

// LineView is a row of the expected/received list: an awaited line, or a piece nobody awaited (Expected 0).
type LineView struct {
	ID        string   `json:"id"`
	SKU       string   `json:"sku"` // SKU code
	Name      string   `json:"name"`
	NameEN    string   `json:"name_en"`
	Spec      string   `json:"spec"`
	SpecEN    string   `json:"spec_en"`
	Code      string   `json:"code"` // barcode to compare with the tag
	Color     string   `json:"color"`
	Expected  int      `json:"expected"`
	Received  int      `json:"received"`
	Finding   string   `json:"finding"` // match, extra, undeclared, …; for an awaited line "" until something came
	Last      bool     `json:"last"`    // the row the last scan touched
	Plates    []string `json:"plates"`
	Condition string   `json:"condition,omitempty"`
}

// HandView is what the operator of a qc or putaway bench holds.
type HandView struct {
	Units       []HandUnit `json:"units"`                 // the last ones picked up, the newest last
	Count       int        `json:"count"`                 // all of them
	Tote        string     `json:"tote,omitempty"`        // putaway: the whole tote is in hand; qc: the tote that released pieces go into
	Bin         string     `json:"bin,omitempty"`         // putaway: the bin to bring them to, empty when no bin has room
	Grade       string     `json:"grade,omitempty"`       // qc: scanned, not confirmed yet
	Disposition string     `json:"disposition,omitempty"` // qc: likewise
	Bulk        bool       `json:"bulk,omitempty"`        // qc: each plate that is scanned is released as grade A
}

// HandUnit is one piece in hand.
type HandUnit struct {
	Plate     string `json:"plate"`
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	NameEN    string `json:"name_en"`
	Spec      string `json:"spec"`
	SpecEN    string `json:"spec_en"`
	Color     string `json:"color"`
	State     string `json:"state"`
	Condition string `json:"condition,omitempty"`
	Expiry    string `json:"expiry,omitempty"` // YYYY-MM-DD
}
