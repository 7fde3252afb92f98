package doctor

import (
	"strconv"
	"time"
)

const (
	slowSync = 20 * time.Millisecond // a bench scans five codes a second at most; beyond this the beep is felt late
	// littleLeft is some 200,000 scans: weeks of a bench, but logs and other programs write too.
	littleLeft = 200 << 20
	megabyte   = 1 << 20
)

// disk is what every scan waits for.
func disk(f Facts) []Finding {
	d := f.Data
	free := strconv.FormatUint(d.Free/megabyte, 10)
	switch {
	case d.Missing:
		return []Finding{finding(Wrong, "data_missing", "dir", d.Dir)}
	case d.Err != nil:
		return []Finding{finding(Wrong, "data_denied", "dir", d.Dir, "why", d.Err.Error())}
	case d.SyncErr != nil:
		return []Finding{finding(Wrong, "disk_fails", "dir", d.Dir, "why", d.SyncErr.Error())}
	}
	var out []Finding
	if d.Foreign != "" {
		out = append(out, finding(Wrong, "files_foreign", "dir", d.Dir, "file", d.Foreign, "whose", d.Whose, "user", f.User.Name))
	}
	if d.FreeErr == nil && d.Free < littleLeft {
		out = append(out, finding(Wrong, "disk_full", "dir", d.Dir, "free", free))
	}
	took := d.Sync.Round(100 * time.Microsecond).String()
	if d.Sync > slowSync {
		return append(out, finding(Wrong, "disk_slow", "dir", d.Dir, "took", took))
	}
	return append(out, finding(OK, "disk_ok", "dir", d.Dir, "took", took, "free", free))
}
