package ledger

import "time"

const stamp = "15:04:05.000"

// judge compares one scanner's codes with what became of them.
func judge(s Scanner, e Events) Figures {
	f := Figures{Kind: s.Kind, Sent: len(s.Sent), Renamed: s.Renamed}
	reports := of(e.Reports, s.Name)
	f.Reports = len(reports)
	kept := f.match(s, e.Kept)
	for i, c := range s.Sent {
		_, is := kept[i]
		if is {
			f.Accepted++
		}
		f.Good += count(c.Good)
		f.Bad += count(c.Bad)
		f.Broken += count(c.Good && !is || c.Bad && is)
		f.Altered += count(c.Cut && is) // nobody ever sent the end of it
		if c.Good && !is || (c.Bad || c.Cut) && is {
			f.note("%s: %q kept %v, answered good %v, bad %v, cut off %v", s.Name, c.Code, is, c.Good, c.Bad, c.Cut)
		}
	}
	before := time.Time{} // when the code before the run was kept
	for i := 0; i < len(s.Sent); {
		if t, is := kept[i]; is {
			before = t
			i++
			continue
		}
		end := i
		for ; end < len(s.Sent); end++ {
			if _, is := kept[end]; is {
				break
			}
		}
		r := run{n: end - i, from: later(s.Sent[i].From, before), until: e.Finished}
		if end < len(s.Sent) {
			r.until = kept[end]
		}
		var said bool
		said, reports = r.said(reports)
		if f.lost(r, said, s.Name, e); !said {
			f.note("%s: %d codes from %q on were lost without a word between %s and %s", s.Name, r.n, s.Sent[i].Code, r.from.Format(stamp), r.until.Format(stamp))
		}
		i = end
	}
	return f
}

// match finds the journal's scans among what was sent, and counts those that are not there, not once, or not in order.
func (f *Figures) match(s Scanner, all []Kept) (kept map[int]time.Time) {
	kept = map[int]time.Time{}
	at := make(map[string]int, len(s.Sent))
	for i, c := range s.Sent {
		at[c.Code] = i
	}
	newest := -1
	for _, k := range all {
		if k.Device != s.Name {
			continue
		}
		i, ok := at[k.Code]
		if !ok {
			f.Altered++
			f.note("%s: kept %q, which was never sent", s.Name, k.Code)
			continue
		}
		if _, twice := kept[i]; twice {
			f.Doubled++
			f.note("%s: kept %q twice", s.Name, k.Code)
			continue
		}
		f.Disorder += count(i < newest)
		newest = max(newest, i)
		kept[i] = k.At
	}
	return kept
}

// run is codes in a row that were not kept.
type run struct {
	n           int
	from, until time.Time
}

// said finds a report of the run, and gives the reports that may belong to later ones. A report's time is cut to a millisecond, so the borders are too.
func (r run) said(reports []Report) (said bool, rest []Report) {
	from, until := r.from.Truncate(time.Millisecond), r.until.Truncate(time.Millisecond)
	for len(reports) > 0 && reports[0].At.Before(from) {
		reports = reports[1:]
	}
	if len(reports) > 0 && !reports[0].At.After(until) {
		said, reports = true, reports[1:]
	}
	// Further ones before the next code that was kept speak of this run, too; one in the same millisecond may not.
	for len(reports) > 0 && reports[0].At.Before(until) {
		reports = reports[1:]
	}
	return said, reports
}

func (f *Figures) lost(r run, said bool, name string, e Events) {
	switch {
	case !said:
		f.Silent += r.n
	case r.within(e.Unplugs, name):
		f.AtUnplug += r.n
	case r.within(e.Stalls, name):
		f.AtStall += r.n
	default:
		f.Otherwise += r.n
	}
}

func (r run) within(moments []Moment, name string) bool {
	for _, m := range moments {
		if (m.Device == "" || m.Device == name) && !m.From.After(r.until) && !m.To.Before(r.from) {
			return true
		}
	}
	return false
}

func of(reports []Report, name string) []Report {
	var out []Report
	for _, r := range reports {
		if r.Device == name {
			out = append(out, r)
		}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
