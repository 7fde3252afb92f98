package desk

import (
	"testing"

	"github.com/backdock/backdock/scanner"
)

// Every code has a verdict and a tone; what is not in the table is a refusal, and only refusals may be missing from it.
func TestEveryCodeHasManners(t *testing.T) {
	refusals := map[scanner.Code]bool{}
	for _, c := range []scanner.Code{scanner.CodeUnknownCode, scanner.CodeNothingOpen, scanner.CodeNothingToUndo, scanner.CodeUndoRefused, scanner.CodeNothingToAdd,
		scanner.CodeChoiceInvalid, scanner.CodeControlUnknown, scanner.CodeBadgeUnknown, scanner.CodeDamagedScan, scanner.CodeNotText, scanner.CodeTooLong,
		scanner.CodeSeqConflict, scanner.CodeParked, scanner.CodeNotEmpty, scanner.CodeNothingToMark, scanner.CodeControlNotHere, scanner.CodePlateVoid,
		scanner.CodePlateUnknown, scanner.CodeOtherWarehouse, scanner.CodeNotReleased, scanner.CodePutAwayRefused, scanner.CodeScanUnitFirst, scanner.CodeToteInHand,
		scanner.CodePlaceUnknown, scanner.CodeToteEmpty, scanner.CodeQCRefused, scanner.CodeBulkRefused, scanner.CodeLogOnFirst,
		scanner.CodeNotAWaybill, scanner.CodeNothingDocked, scanner.CodeHandoverEmpty, scanner.CodeCarrierUnknown,
		scanner.CodeReasonUnknown, scanner.CodeAmountInvalid, scanner.CodeDismissed} {
		refusals[c] = true
	}
	for _, c := range scanner.Codes {
		r := rule(c)
		if r.Verdict == "" || r.Tone == "" || (r.Verdict == scanner.Rejected) != refusals[c] {
			t.Errorf("%s: %s %s", c, r.Verdict, r.Tone)
		}
	}
}
