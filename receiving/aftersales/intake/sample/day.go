package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/scanner"
)

// Options choose the day. The zero value of each field takes its default.
type Options struct {
	Now     time.Time // some moment of the day; orders and cases lie before it. Default 2026-11-23 09:00 in China
	Gateway string    // of every payment; default wechatpay
	Account string    // of every payment; default 1900000109
	Seed    uint64    // another day; default 1
}

// Day is what Make makes.
type Day struct {
	Site      intake.Site
	Catalogue []intake.SKU
	Orders    []intake.Order // some twice, as channels do
	Cases     []intake.Case  // some twice
	Late      []Late
	Script    []Step
	Parcels   int // that the script opens
	Pieces    int // that the script books
}

// Late is a case that a channel sends during the day.
type Late struct {
	After int // number of script steps of its bench's parcel that come first: the index into Script of the step to wait for
	Case  intake.Case
}

// Step is one pull of a scanner's trigger. Steps of one bench are played in order, each after the answer to the one before; benches are independent.
type Step struct {
	Scene  string        // what the parcel is there to show
	Parcel int           // counts the day's parcels from 1; 0 for a scan outside a parcel
	Bench  int           // bench number
	AIM    string        // symbology identifier that the scanner sends before Data, such as "]E0"
	Data   string        // what the barcode holds; LastPlate stands for the last plate this bench has stuck on a piece
	After  time.Duration // pause before the trigger: a second scan on purpose lies outside the double-read window
	Want   scanner.Code  // the answer it must get
	Note   string        // what the clerk does, in Chinese
	NoteEN string
}

// LastPlate is the placeholder in Step.Data for the license plate of the bench's last booked piece.
const LastPlate = "{plate}"

// Fill puts a plate into the step's data.
func (s Step) Fill(plate string) string { return strings.ReplaceAll(s.Data, LastPlate, plate) }

// Apart is a pause that every scanner's double-read window is shorter than.
const Apart = 700 * time.Millisecond

// Benches of kind receiving; the one after them inspects.
const Benches = 4

// Warehouse is the code of the warehouse.
const Warehouse = "HZ1"

// Make makes the day.
func Make(o Options) Day {
	if o.Now.IsZero() {
		o.Now = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	}
	if o.Gateway == "" {
		o.Gateway = "wechatpay"
	}
	if o.Account == "" {
		o.Account = "1900000109"
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	b := &builder{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x6261636b646f636b)), used: map[string]bool{}, bySKU: map[string]*product{}}
	b.day.Site = site()
	b.catalogue()
	for _, scene := range plan() {
		b.bench = len(b.scenes)%Benches + 1
		b.scenes = append(b.scenes, scene.name)
		b.scene = scene.name
		scene.play(b)
	}
	b.duplicates()
	return b.day
}

type builder struct {
	o        Options
	rng      *rand.Rand
	day      Day
	products []*product
	bySKU    map[string]*product
	used     map[string]bool // numbers given out
	serial   int             // counts orders, cases, waybills …
	scenes   []string
	scene    string
	bench    int
	parcel   int
}

// step adds a scan to the script.
func (b *builder) step(aim, data string, want scanner.Code, note, noteEN string) *Step {
	b.day.Script = append(b.day.Script, Step{Scene: b.scene, Parcel: b.parcel, Bench: b.bench, AIM: aim, Data: data, Want: want, Note: note, NoteEN: noteEN})
	return &b.day.Script[len(b.day.Script)-1]
}

// open begins a parcel by any code that names it.
func (b *builder) open(data string, want scanner.Code, note, noteEN string) {
	b.day.Parcels++
	b.parcel = b.day.Parcels
	b.step("]C0", data, want, note, noteEN)
}

// piece scans a piece that is booked as a unit.
func (b *builder) piece(s intake.SKU, want scanner.Code) {
	b.day.Pieces++
	b.pause(b.step("]E0", gtin(s), want, "扫吊牌:"+s.Name+" "+s.Spec, "scan the tag: "+s.NameEN+" "+s.SpecEN))
}

// pause makes a scan deliberate when it repeats the code before it on the same bench.
func (b *builder) pause(s *Step) {
	for i := len(b.day.Script) - 2; i >= 0; i-- {
		if before := b.day.Script[i]; before.Bench == s.Bench {
			if before.Data == s.Data {
				s.After = Apart
			}
			return
		}
	}
}

func (b *builder) control(verb string, want scanner.Code, note, noteEN string) {
	b.step("]C0", scanner.ControlPrefix+verb, want, note, noteEN)
}

func (b *builder) done(want scanner.Code) {
	b.control(scanner.Done, want, "完成包裹", "finish the parcel")
}

// duplicates says some orders and cases a second time, as channels do after a timeout.
func (b *builder) duplicates() {
	for i := 0; i < len(b.day.Orders) && i < 200; i += 40 {
		b.day.Orders = append(b.day.Orders, b.day.Orders[i])
	}
	for i := 0; i < len(b.day.Cases) && i < 150; i += 30 {
		b.day.Cases = append(b.day.Cases, b.day.Cases[i])
	}
}

func (b *builder) between(lo, hi int) int { return lo + b.rng.IntN(hi-lo+1) }

func pick[T any](b *builder, list []T) T { return list[b.rng.IntN(len(list))] }

func site() intake.Site {
	const zone = "Asia/Shanghai"
	s := intake.Site{
		Owners: []intake.Owner{
			{Code: "QINGYU", Name: "青屿生活", NameEN: "Qingyu Living", Policy: &intake.Policy{RefundTrigger: "receipt_closed", AutoLimitMinor: 50000,
				SelfReleaseLimitMinor: 20000, ScrapLimitMinor: 10000, Jurisdiction: "CN"}},
			{Code: "CHENGGUANG", Name: "澄光数码", NameEN: "Chengguang Digital", Policy: &intake.Policy{RefundTrigger: "qc_passed", AutoLimitMinor: 100000,
				SelfReleaseLimitMinor: 20000, ScrapLimitMinor: 20000, Jurisdiction: "CN"}},
		},
		Shops: []intake.Shop{
			{Owner: "QINGYU", Channel: "taobao", Code: "QY-TB", Name: "青屿生活 淘宝店", NameEN: "Qingyu on Taobao", TimeZone: zone},
			{Owner: "QINGYU", Channel: "douyin", Code: "QY-DY", Name: "青屿生活 抖音小店", NameEN: "Qingyu on Douyin", TimeZone: zone},
			{Owner: "QINGYU", Channel: "pdd", Code: "QY-PDD", Name: "青屿生活 拼多多店", NameEN: "Qingyu on Pinduoduo", TimeZone: zone},
			{Owner: "CHENGGUANG", Channel: "tmall", Code: "CG-TM", Name: "澄光数码 天猫旗舰店", NameEN: "Chengguang on Tmall", TimeZone: zone},
			{Owner: "CHENGGUANG", Channel: "jd", Code: "CG-JD", Name: "澄光数码 京东店", NameEN: "Chengguang on JD", TimeZone: zone},
		},
		Warehouses: []intake.Warehouse{{Code: Warehouse, Name: "华东退货仓", NameEN: "East China returns", TimeZone: zone, TargetPerHour: 60}},
	}
	for n := 1; n <= Benches; n++ {
		s.Benches = append(s.Benches, intake.Bench{Warehouse: Warehouse, Number: n, Name: fmt.Sprintf("%d 号收货台", n), Kind: "receiving"})
	}
	s.Benches = append(s.Benches, intake.Bench{Warehouse: Warehouse, Number: Benches + 1, Name: fmt.Sprintf("%d 号质检台", Benches+1), Kind: "qc"})
	return s
}
