package desk

import (
	"github.com/backdock/backdock/scanner"
)

type manner struct {
	verdict scanner.Verdict
	tone    scanner.Tone
	tote    scanner.Tote
}

// manners says how each code looks, sounds and where the piece goes. A test holds it against scanner.Codes.
var manners = map[scanner.Code]manner{
	scanner.CodeParcelOpened:   {scanner.Accepted, scanner.ToneOK, scanner.NoTote},
	scanner.CodeMatched:        {scanner.Accepted, scanner.ToneOK, scanner.BlueTote},
	scanner.CodeClosed:         {scanner.Accepted, scanner.ToneDone, scanner.NoTote},
	scanner.CodeUndone:         {scanner.Accepted, scanner.ToneOK, scanner.NoTote},
	scanner.CodeConditionSet:   {scanner.Accepted, scanner.ToneOK, scanner.NoTote},
	scanner.CodeHeld:           {scanner.Accepted, scanner.ToneOK, scanner.NoTote},
	scanner.CodeResumed:        {scanner.Accepted, scanner.ToneOK, scanner.NoTote},
	scanner.CodeUnitShown:      {scanner.Accepted, scanner.ToneOK, scanner.NoTote},
	scanner.CodeAliasAdded:     {scanner.Accepted, scanner.ToneOK, scanner.NoTote},
	scanner.CodeOperatorOn:     {scanner.Accepted, scanner.ToneOK, scanner.NoTote},
	scanner.CodeEmptyConfirmed: {scanner.Accepted, scanner.ToneDone, scanner.NoTote},

	scanner.CodeOver:               {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeExtra:              {scanner.Attention, scanner.ToneMid, scanner.YellowTote},
	scanner.CodeUndeclared:         {scanner.Attention, scanner.ToneMid, scanner.YellowTote},
	scanner.CodeWrongSpec:          {scanner.Attention, scanner.ToneLow, scanner.RedTote},
	scanner.CodeWrongItem:          {scanner.Attention, scanner.ToneLow, scanner.RedTote},
	scanner.CodeSerialMismatch:     {scanner.Attention, scanner.ToneLow, scanner.RedTote},
	scanner.CodeUnclaimed:          {scanner.Attention, scanner.ToneMid, scanner.YellowTote},
	scanner.CodeUnknownItem:        {scanner.Attention, scanner.ToneLow, scanner.RedTote},
	scanner.CodeClosedShort:        {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeAlreadyReceived:    {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeOldLabel:           {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeChoose:             {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodePreviousOpen:       {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeBelongsElsewhere:   {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeOpenElsewhere:      {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeTakenOver:          {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeScanWaybillFirst:   {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeScanTheTag:         {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeOwnerUnknownOpened: {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeZeroPieces:         {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeCaseOver:           {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeRefundedAlready:    {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodePlateOfOther:       {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeRepeatAfterRestart: {scanner.Attention, scanner.ToneMid, scanner.NoTote},
	scanner.CodeParcelHeld:         {scanner.Attention, scanner.ToneMid, scanner.NoTote},

	scanner.CodeDoubleRead:  {scanner.Duplicate, scanner.ToneDup, scanner.NoTote},
	scanner.CodeSerialTaken: {scanner.Duplicate, scanner.ToneDup, scanner.NoTote},

	scanner.CodeUnknownCode:    {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeNothingOpen:    {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeNothingToUndo:  {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeUndoRefused:    {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeNothingToAdd:   {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeChoiceInvalid:  {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeControlUnknown: {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeBadgeUnknown:   {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeDamagedScan:    {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeNotText:        {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeTooLong:        {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeSeqConflict:    {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeParked:         {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeNotEmpty:       {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeNothingToMark:  {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeControlNotHere: {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodePlateVoid:      {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodePlateUnknown:   {scanner.Rejected, scanner.ToneError, scanner.NoTote},
	scanner.CodeOtherWarehouse: {scanner.Rejected, scanner.ToneError, scanner.NoTote},
}

// say settles an answer: its code, and the values for its text as name, value pairs.
func (a *answer) say(code scanner.Code, params ...string) {
	m := manners[code]
	a.out.Code, a.out.Verdict, a.out.Tone, a.out.Tote = code, m.verdict, m.tone, m.tote
	if len(params) > 0 {
		a.out.Params = make(map[string]string, len(params)/2)
	}
	for i := 0; i+1 < len(params); i += 2 {
		a.out.Params[params[i]] = params[i+1]
	}
}

func (a *answer) effect(e scanner.Effect) { a.out.Effects = append(a.out.Effects, e) }

// named gives a SKU's names as parameters.
func (k *article) named(more ...string) []string {
	return append([]string{"sku", k.label(k.Name, k.Spec), "sku_en", k.label(k.NameEn, k.SpecEn)}, more...)
}

func (k *article) label(name, spec string) string {
	if name == "" {
		name = k.Code
	}
	if spec == "" {
		return name
	}
	return name + " " + spec
}
