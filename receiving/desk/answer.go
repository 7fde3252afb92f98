package desk

import (
	"strconv"
	"strings"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// manner is how an outcome is said.
type manner struct {
	verdict scanner.Verdict
	tone    scanner.Tone
	tote    scanner.Tote
}

var (
	well     = manner{scanner.Accepted, scanner.ToneOK, scanner.NoTote}
	finished = manner{scanner.Accepted, scanner.ToneDone, scanner.NoTote}
	look     = manner{scanner.Attention, scanner.ToneMid, scanner.NoTote}
	low      = manner{scanner.Attention, scanner.ToneLow, scanner.NoTote}
	refuse   = manner{scanner.Rejected, scanner.ToneError, scanner.NoTote}
	wrong    = manner{scanner.Rejected, scanner.ToneLow, scanner.NoTote} // a piece where it must never go
	again    = manner{scanner.Duplicate, scanner.ToneDup, scanner.NoTote}
	blue     = manner{scanner.Accepted, scanner.ToneOK, scanner.BlueTote}
	yellow   = manner{scanner.Attention, scanner.ToneMid, scanner.YellowTote}
	red      = manner{scanner.Attention, scanner.ToneLow, scanner.RedTote}
	stray    = manner{scanner.Attention, scanner.ToneMid, scanner.RedTote}
)

// manners gives every code its verdict, tone and tote. A code that is not here is rejected.
var manners = map[scanner.Code]manner{
	scanner.CodeParcelOpened: well, scanner.CodeBoxOpened: well, scanner.CodeMatched: blue, scanner.CodeClosed: finished, scanner.CodeUndone: well, scanner.CodeConditionSet: well,
	scanner.CodeHeld: well, scanner.CodeResumed: well, scanner.CodeUnitShown: well, scanner.CodeAliasAdded: well, scanner.CodeOperatorOn: well,
	scanner.CodeEmptyConfirmed: finished, scanner.CodePlateReady: well, scanner.CodeParcelClaimed: finished,
	scanner.CodeExceptionNoted: well, scanner.CodePhotoAsked: well,
	scanner.CodePutAwayUnit: well, scanner.CodePutAwayTote: well, scanner.CodePutAway: finished, scanner.CodeQCUnit: well, scanner.CodeQCGraded: well,
	scanner.CodeQCReleased: finished, scanner.CodeQCBulk: well, scanner.CodeHandEmpty: well,

	scanner.CodeOver: look, scanner.CodeExtra: yellow, scanner.CodeUndeclared: yellow, scanner.CodeWrongSpec: red, scanner.CodeWrongItem: red,
	scanner.CodeOtherSeller: red, scanner.CodeCounterfeit: red, scanner.CodeJunkNoted: low, scanner.CodeSerialMismatch: red, scanner.CodeUnknownItem: red, scanner.CodeUnclaimed: stray, scanner.CodeClosedShort: look,
	scanner.CodeAlreadyReceived: look, scanner.CodeOldLabel: look, scanner.CodeChoose: look, scanner.CodePreviousOpen: look,
	scanner.CodeBelongsElsewhere: look, scanner.CodeOpenElsewhere: look, scanner.CodeTakenOver: look, scanner.CodeScanWaybillFirst: look,
	scanner.CodeScanTheTag: look, scanner.CodeScanSerial: look, scanner.CodeOwnerUnknownOpened: look, scanner.CodeZeroPieces: look,
	scanner.CodeCaseOver: look, scanner.CodeRefundedAlready: look, scanner.CodePlateOfOther: look, scanner.CodeRepeatAfterRestart: look,
	scanner.CodeParcelHeld: look, scanner.CodeLightParcel: look, scanner.CodeScanPlate: look, scanner.CodePlateMissing: look,

	scanner.CodePutAwayNoBin: look, scanner.CodeUnitInBin: look, scanner.CodeQCUnconfirmed: look, scanner.CodeQCBlocked: red,
	scanner.CodeDocked: well, scanner.CodeDockedUnknown: well, scanner.CodeDockedNoLabel: well, scanner.CodeRefusedAtDock: well, scanner.CodeHandedBack: well,
	scanner.CodeCollectNoted: well, scanner.CodeBoxDamaged: well, scanner.CodeCarrierSet: well, scanner.CodeHandoverClosed: finished,
	scanner.CodeAlreadyAtDock: look, scanner.CodeAlreadyOpened: look, scanner.CodeTurnedBefore: look, scanner.CodeOtherCarrier: look, scanner.CodeHandoverOpen: look,
	scanner.CodeHandoverDiffers: look, scanner.CodeCollectAmount: look,

	scanner.CodeDoubleRead: again, scanner.CodeSerialTaken: again, scanner.CodeInHand: again,
	scanner.CodeNotReleased: wrong,
}

// ruling is the answer to one scan while the transaction is open: ids may still be missing.
type ruling struct {
	scanner.Outcome
	docket *docket
	parcel id.Parcel // where there is no docket
	unit   *booked
	unitID id.Unit // where there is no booked
	undoes *receiving.Outcome
}

// rule answers with a code and the values of its text, as pairs.
func rule(code scanner.Code, pairs ...string) *ruling {
	m, ok := manners[code]
	if !ok {
		m = refuse
	}
	r := &ruling{Outcome: scanner.Outcome{Verdict: m.verdict, Code: code, Tone: m.tone, Tote: m.tote}}
	for i := 0; i+1 < len(pairs); i += 2 {
		r.with(pairs[i], pairs[i+1])
	}
	return r
}

// with adds a value; an empty one is left out.
func (r *ruling) with(name, value string) *ruling {
	if value != "" {
		if r.Params == nil {
			r.Params = map[string]string{}
		}
		r.Params[name] = value
	}
	return r
}

func (r *ruling) effect(e scanner.Effect) *ruling {
	r.Effects = append(r.Effects, e)
	return r
}

func (r *ruling) about(d *docket) *ruling {
	r.docket = d
	return r
}

// say adds the name of a product in both languages.
func (r *ruling) say(s catalogue.SKU) *ruling {
	return r.with("sku", title(s.Name, s.Spec)).with("sku_en", title(s.NameEn, s.SpecEn))
}

func title(name, spec string) string { return strings.TrimSpace(name + " " + spec) }

func itoa[T ~int | ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// names says what lacks, briefly: "黑L、白M×2".
func names(lines []*line) (zh, en string) {
	var a, b []string
	for _, l := range lines {
		times := ""
		if n := l.Expected - l.Received; n > 1 {
			times = "×" + itoa(n)
		}
		a = append(a, short(l.sku.Spec, l.sku.Name, l.sku.Code)+times)
		b = append(b, short(l.sku.SpecEn, l.sku.NameEn, l.sku.Code)+times)
	}
	return strings.Join(a, "、"), strings.Join(b, ", ")
}

func short(first ...string) string {
	for _, s := range first {
		if s != "" {
			return s
		}
	}
	return ""
}
