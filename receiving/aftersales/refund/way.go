package refund

// Way is what a person can do with a refund as it stands. Who may is decided when they do it.
type Way string

const (
	WayAuthorize Way = "authorize"
	WayHold      Way = "hold"
	WayRelease   Way = "release"
	WayCancel    Way = "cancel"
	WayReplace   Way = "replace"
	WayPayByHand Way = "pay_by_hand"
	WayAttribute Way = "attribute"
)

// Ways lists what can be done with r. replaced tells that it has a successor already.
func (r Refund) Ways(replaced bool) []Way {
	out := []Way{}
	if r.Origin != OriginOurs {
		if r.CaseID == nil {
			out = append(out, WayAttribute)
		}
		return out
	}
	switch {
	case r.State == StateRequested:
		out = append(out, WayAuthorize)
	case r.State == StateAuthorized:
		out = append(out, WayHold)
	case r.State == StateHeld:
		out = append(out, WayRelease)
	case r.ended() && !replaced:
		out = append(out, WayReplace, WayPayByHand)
	}
	if r.Attempts == 0 && r.State.May(StateCancelled) {
		out = append(out, WayCancel)
	}
	return out
}
