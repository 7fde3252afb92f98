package sample

import "math/rand/v2"

// scene is one parcel, or a few that belong together, at one bench.
type scene struct {
	name string
	play func(*builder)
}

// plan lists the day's scenes in the order in which they come: ordinary parcels with the unusual ones spread among them.
func plan() []scene {
	var out []scene
	for _, p := range []struct {
		count int
		scene
	}{
		{26, scene{"match_1", (*builder).match1}},
		{74, scene{"match_few", (*builder).matchFew}},
		{20, scene{"serial", (*builder).serialGoods}},
		{16, scene{"condition", (*builder).condition}},
		{8, scene{"over_extra", (*builder).overExtra}},
		{4, scene{"over", (*builder).over}},
		{8, scene{"undeclared", (*builder).undeclared}},
		{7, scene{"wrong_item", (*builder).wrongItem}},
		{9, scene{"wrong_spec", (*builder).wrongSpec}},
		{4, scene{"serial_mismatch", (*builder).serialMismatch}},
		{3, scene{"serial_taken", (*builder).serialTaken}},
		{4, scene{"unknown_item", (*builder).unknownItem}},
		{8, scene{"short", (*builder).short}},
		{4, scene{"empty_box", (*builder).emptyBox}},
		{5, scene{"old_label", (*builder).oldLabel}},
		{4, scene{"refused", (*builder).refused}},
		{4, scene{"intercepted", (*builder).intercepted}},
		{2, scene{"undeliverable", (*builder).undeliverable}},
		{3, scene{"merged", (*builder).merged}},
		{4, scene{"unknown_owner", (*builder).unknownOwner}},
		{3, scene{"claimed_later", (*builder).claimedLater}},
		{3, scene{"no_label", (*builder).noLabel}},
		{4, scene{"withdrawn", (*builder).withdrawn}},
		{4, scene{"refunded_already", (*builder).refundedAlready}},
		{4, scene{"already_received", (*builder).alreadyReceived}},
		{4, scene{"waybill_first", (*builder).waybillFirst}},
		{3, scene{"scan_the_tag", (*builder).scanTheTag}},
		{3, scene{"previous_open", (*builder).previousOpen}},
		{4, scene{"double_read", (*builder).doubleRead}},
		{4, scene{"undo", (*builder).undo}},
		{2, scene{"hold", (*builder).hold}},
		{3, scene{"two_labels", (*builder).twoLabels}},
		{3, scene{"by_case_number", (*builder).byCaseNumber}},
		{2, scene{"by_order_number", (*builder).byOrderNumber}},
		{2, scene{"unknown_code", (*builder).unknownCode}},
		{2, scene{"plate", (*builder).plate}},
	} {
		for range p.count {
			out = append(out, p.scene)
		}
	}
	r := rand.New(rand.NewPCG(7, 7))
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	// Every bench begins with an ordinary parcel.
	for i := range Benches {
		for j := i; j < len(out); j++ {
			if out[j].name == "match_few" {
				out[i], out[j] = out[j], out[i]
				break
			}
		}
	}
	return out
}
