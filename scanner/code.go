package scanner

// Code is the stable name of an outcome. Each has a text in both languages in web/src/i18n; a test holds the lists together.
type Code string

const (
	// Accepted.
	CodeParcelOpened   Code = "parcel_opened"   // waybill, expected
	CodeBoxOpened      Code = "box_opened"      // waybill, expected, boxes, arrived: one box of a consignment
	CodeMatched        Code = "matched"         // sku, sku_en, received, expected
	CodeClosed         Code = "closed"          // pieces
	CodeUndone         Code = "undone"          // what, sku, sku_en, plate
	CodeConditionSet   Code = "condition_set"   // condition, plate
	CodeHeld           Code = "held"            // parcel, reason
	CodeResumed        Code = "resumed"         // parcel
	CodeUnitShown      Code = "unit_shown"      // plate, state, sku, sku_en
	CodeAliasAdded     Code = "alias_added"     // waybill
	CodeOperatorOn     Code = "operator_on"     // clerk
	CodeEmptyConfirmed Code = "empty_confirmed" // parcel, weight_g
	CodeExceptionNoted Code = "exception_noted" // parcel
	CodePlateReady     Code = "plate_ready"     // plate: pre-printed, the next piece gets it
	CodeParcelClaimed  Code = "parcel_claimed"  // number, matched, expected: a parcel of unknown owner has one now; its pieces were judged again
	CodePhotoAsked     Code = "photo_asked"     // plate of the piece, or parcel: the page takes the picture, where it has a camera

	// Accepted at the dock.
	CodeDocked         Code = "docked"          // waybill, carrier, count, arrived, parts
	CodeDockedUnknown  Code = "docked_unknown"  // waybill, carrier, count, arrived, parts: nobody awaits it yet
	CodeDockedNoLabel  Code = "docked_no_label" // parcel, count: the number to write on the box
	CodeRefusedAtDock  Code = "refused_at_dock" // waybill, dock_reason, count
	CodeHandedBack     Code = "handed_back"     // waybill, dock_reason, count
	CodeCollectNoted   Code = "collect_noted"   // waybill, amount
	CodeBoxDamaged     Code = "box_damaged"     // waybill
	CodeCarrierSet     Code = "carrier_set"     // carrier, count
	CodeHandoverClosed Code = "handover_closed" // carrier, count

	// Benches of kind putaway and qc.
	CodePutAwayUnit Code = "putaway_unit" // plate, sku, sku_en, place: in hand, place is the bin to bring it to
	CodePutAwayTote Code = "putaway_tote" // place, pieces: all of it in hand
	CodePutAway     Code = "put_away"     // pieces, place
	CodeQCUnit      Code = "qc_unit"      // plate, sku, sku_en, condition
	CodeQCGraded    Code = "qc_graded"    // grade, disposition, plate
	CodeQCReleased  Code = "qc_released"  // grade, disposition, plate, sku, sku_en, place
	CodeQCBulk      Code = "qc_bulk"      // plates that follow are released as grade A
	CodeHandEmpty   Code = "hand_emptied" // plate

	// Attention: something for the clerk to do or know.
	CodeOver               Code = "over"                 // sku, sku_en, expected
	CodeExtra              Code = "extra"                // sku, sku_en
	CodeUndeclared         Code = "undeclared"           // sku, sku_en
	CodeWrongSpec          Code = "wrong_spec"           // want, got, want_en, got_en
	CodeWrongItem          Code = "wrong_item"           // sku, sku_en
	CodeOtherSeller        Code = "other_seller"         // sku, sku_en: only another owner sells it
	CodeSerialMismatch     Code = "serial_mismatch"      // serial
	CodeCounterfeit        Code = "counterfeit"          // sku, sku_en, plate: the clerk takes the last piece for a fake
	CodeJunkNoted          Code = "junk_noted"           // parcel: rubbish in the box instead of goods
	CodeUnknownItem        Code = "unknown_item"         // code
	CodeClosedShort        Code = "closed_short"         // pieces, missing, names, names_en
	CodeAlreadyReceived    Code = "already_received"     // time, bench, pieces
	CodeOldLabel           Code = "old_label"            // waybill
	CodeChoose             Code = "choose"               // count
	CodePreviousOpen       Code = "previous_open"        // missing, names, names_en
	CodeBelongsElsewhere   Code = "belongs_elsewhere"    // bench
	CodeOpenElsewhere      Code = "open_elsewhere"       // bench
	CodeTakenOver          Code = "taken_over"           // bench
	CodeScanWaybillFirst   Code = "scan_waybill_first"   //
	CodeScanTheTag         Code = "scan_the_tag"         // code
	CodeScanSerial         Code = "scan_serial"          // sku, sku_en: right product, its serial is not known yet
	CodeUnclaimed          Code = "unclaimed"            // sku, sku_en, code: taken in a parcel of unknown owner
	CodeOwnerUnknownOpened Code = "owner_unknown_opened" // waybill
	CodeZeroPieces         Code = "zero_pieces"          //
	CodeCaseOver           Code = "case_over"            // case: goods are received, no money follows
	CodeRefundedAlready    Code = "refunded_already"     // case: 已退款 只收货
	CodePlateOfOther       Code = "plate_of_other"       // plate, want
	CodeRepeatAfterRestart Code = "repeat_after_restart" // code
	CodeParcelHeld         Code = "parcel_held"          // parcel: held on a shelf; scan RESUME or a manager releases it
	CodeLightParcel        Code = "light_parcel"         // measured_g, expected_g, waybill, expected: weigh again or open it before the camera
	CodeScanPlate          Code = "scan_plate"           // sku, sku_en: stick a pre-printed plate on this piece and scan it
	CodePlateMissing       Code = "plate_missing"        // sku, sku_en: the piece before still waits for its plate
	CodePutAwayNoBin       Code = "putaway_no_bin"       // plate, sku, sku_en: in hand, no bin has room
	CodeUnitInBin          Code = "unit_in_bin"          // plate, place: in hand, it lies in a bin already
	CodeQCUnconfirmed      Code = "qc_unconfirmed"       // plate: its grade was scanned and not confirmed
	CodeQCBlocked          Code = "qc_blocked"           // plate, why: frozen instead of released

	// Attention at the dock.
	CodeAlreadyAtDock   Code = "already_at_dock"  // waybill, time, clerk: it stands here since then
	CodeAlreadyOpened   Code = "already_opened"   // waybill, bench: it was taken to a bench
	CodeTurnedBefore    Code = "turned_before"    // waybill, time, dock_reason: refused or handed back earlier; again takes it in
	CodeOtherCarrier    Code = "other_carrier"    // waybill, carrier, now: the hand-over is another courier's; again takes it in
	CodeHandoverOpen    Code = "handover_open"    // carrier, count: DONE first, or again changes the courier of the whole hand-over
	CodeHandoverDiffers Code = "handover_differs" // count, said: clerk and driver do not agree
	CodeCollectAmount   Code = "collect_amount"   // waybill: how much was paid to the driver?

	// Duplicate.
	CodeDoubleRead  Code = "double_read"  //
	CodeSerialTaken Code = "serial_taken" // serial, plate
	CodeInHand      Code = "in_hand"      // plate

	// Rejected.
	CodeUnknownCode    Code = "unknown_code"     // code
	CodeNothingOpen    Code = "nothing_open"     //
	CodeNothingToUndo  Code = "nothing_to_undo"  //
	CodeUndoRefused    Code = "undo_refused"     // why, plate
	CodeNothingToAdd   Code = "nothing_to_add"   // +1 with no over before it
	CodeChoiceInvalid  Code = "choice_invalid"   // count
	CodeControlUnknown Code = "control_unknown"  // code
	CodeBadgeUnknown   Code = "badge_unknown"    //
	CodeDamagedScan    Code = "damaged_scan"     //
	CodeNotText        Code = "not_text"         //
	CodeTooLong        Code = "too_long"         //
	CodeSeqConflict    Code = "seq_conflict"     //
	CodeParked         Code = "parked"           // reason, plate: kept for a person, does not block later scans
	CodeDismissed      Code = "dismissed"        // reason, plate: was parked, and a person has said that nothing is to come of it
	CodeNotEmpty       Code = "not_empty"        // pieces: EMPTY with pieces already booked
	CodeNothingToMark  Code = "nothing_to_mark"  // CONDITION with no piece before it
	CodeControlNotHere Code = "control_not_here" // code: this bench does not do that
	CodePlateVoid      Code = "plate_void"       // plate
	CodePlateUnknown   Code = "plate_unknown"    // plate
	CodeOtherWarehouse Code = "other_warehouse"  // the thing exists, in another warehouse
	CodeNotReleased    Code = "not_released"     // plate, state: nothing unchecked goes on a shelf
	CodePutAwayRefused Code = "putaway_refused"  // why, plate, place
	CodeScanUnitFirst  Code = "scan_unit_first"  //
	CodeToteInHand     Code = "tote_in_hand"     // place
	CodePlaceUnknown   Code = "place_unknown"    // place
	CodeToteEmpty      Code = "tote_empty"       // place
	CodeQCRefused      Code = "qc_refused"       // why, plate
	CodeBulkRefused    Code = "bulk_refused"     // why, plate, sku, sku_en
	CodeLogOnFirst     Code = "log_on_first"     //

	// Rejected at the dock.
	CodeNotAWaybill    Code = "not_a_waybill"   // code: a product, a box or a case number
	CodeNothingDocked  Code = "nothing_docked"  // the control needs a parcel that was just scanned
	CodeHandoverEmpty  Code = "handover_empty"  // DONE with no parcel scanned
	CodeCarrierUnknown Code = "carrier_unknown" // code
	CodeReasonUnknown  Code = "reason_unknown"  // code
	CodeAmountInvalid  Code = "amount_invalid"  // code
)

// Codes lists every outcome code, in the order of the constants.
var Codes = []Code{
	CodeParcelOpened, CodeBoxOpened, CodeMatched, CodeClosed, CodeUndone, CodeConditionSet, CodeHeld, CodeResumed, CodeUnitShown, CodeAliasAdded, CodeOperatorOn, CodeEmptyConfirmed, CodeExceptionNoted, CodePlateReady, CodeParcelClaimed, CodePhotoAsked,
	CodeDocked, CodeDockedUnknown, CodeDockedNoLabel, CodeRefusedAtDock, CodeHandedBack, CodeCollectNoted, CodeBoxDamaged, CodeCarrierSet, CodeHandoverClosed,
	CodeOver, CodeExtra, CodeUndeclared, CodeWrongSpec, CodeWrongItem, CodeOtherSeller, CodeSerialMismatch, CodeCounterfeit, CodeJunkNoted, CodeUnknownItem, CodeClosedShort, CodeAlreadyReceived, CodeOldLabel, CodeChoose,
	CodePreviousOpen, CodeBelongsElsewhere, CodeOpenElsewhere, CodeTakenOver, CodeScanWaybillFirst, CodeScanTheTag, CodeScanSerial, CodeUnclaimed, CodeOwnerUnknownOpened, CodeZeroPieces, CodeCaseOver,
	CodeRefundedAlready, CodePlateOfOther, CodeRepeatAfterRestart, CodeParcelHeld, CodeLightParcel, CodeScanPlate, CodePlateMissing,
	CodeAlreadyAtDock, CodeAlreadyOpened, CodeTurnedBefore, CodeOtherCarrier, CodeHandoverOpen, CodeHandoverDiffers, CodeCollectAmount,
	CodeDoubleRead, CodeSerialTaken,
	CodeUnknownCode, CodeNothingOpen, CodeNothingToUndo, CodeUndoRefused, CodeNothingToAdd, CodeChoiceInvalid, CodeControlUnknown, CodeBadgeUnknown, CodeDamagedScan,
	CodeNotText, CodeTooLong, CodeSeqConflict, CodeParked, CodeDismissed, CodeNotEmpty, CodeNothingToMark, CodeControlNotHere, CodePlateVoid, CodePlateUnknown, CodeOtherWarehouse,
	CodeNotAWaybill, CodeNothingDocked, CodeHandoverEmpty, CodeCarrierUnknown, CodeReasonUnknown, CodeAmountInvalid,
	CodePutAwayUnit, CodePutAwayTote, CodePutAway, CodeQCUnit, CodeQCGraded, CodeQCReleased, CodeQCBulk, CodeHandEmpty,
	CodePutAwayNoBin, CodeUnitInBin, CodeQCUnconfirmed, CodeQCBlocked,
	CodeInHand,
	CodeNotReleased, CodePutAwayRefused, CodeScanUnitFirst, CodeToteInHand, CodePlaceUnknown, CodeToteEmpty, CodeQCRefused, CodeBulkRefused, CodeLogOnFirst,
}
