package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Chapter is a scan in a video.
type Chapter struct {
	AtMS     int64             `json:"at_ms" doc:"milliseconds from the beginning of the video"`
	Code     string            `json:"code" doc:"of the answer to the scan"`
	Verdict  string            `json:"verdict" enum:"accepted,attention,rejected,duplicate"`
	Data     string            `json:"data" doc:"what was scanned"`
	Plate    string            `json:"plate"`
	Params   map[string]string `json:"params" doc:"values for the text of code"`
	Producer string            `json:"producer"`
	Seq      int64             `json:"seq"`
}

// slack is how far outside the recording a scan of its parcel may lie: the scan that opens a parcel starts the camera, which takes a moment.
const slack = 10 * time.Second

// Chapters lists the scans of a video's parcel at its bench while it was recorded, oldest first. Clocks are made one by the offset that each station had when it said hello:
// a bench's second scanner may have another clock than the page that recorded.
func (o *Office) Chapters(ctx context.Context, e Evidence) ([]Chapter, error) {
	out := []Chapter{}
	if e.Kind != Video || e.ParcelID == nil {
		return out, nil
	}
	var rows []struct {
		Producer, Code, Verdict, Data, Plate, Params string
		Seq                                          int64
		CapturedAt                                   time.Time
		OffsetMS                                     int64 `gorm:"column:offset_ms"`
	}
	err := o.db.From(ctx).Raw(`SELECT producer, seq, code, verdict, data, plate, params, captured_at, offset_ms FROM outcomes WHERE parcel_id = ? AND (bench_id = ? OR ? = 0) ORDER BY received_at, seq`,
		*e.ParcelID, val(e.BenchID), val(e.BenchID)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("chapters of %s: %w", e.Number(), err)
	}
	begin := onServer(e.CapturedAt, e.OffsetMS)
	end := time.Duration(e.DurationMS) * time.Millisecond
	for _, r := range rows {
		at := onServer(r.CapturedAt, r.OffsetMS).Sub(begin)
		if at < -slack || at > end+slack {
			continue // the parcel was open before or after, perhaps on another day
		}
		c := Chapter{AtMS: min(max(at, 0), end).Milliseconds(), Code: r.Code, Verdict: r.Verdict, Data: r.Data, Plate: r.Plate, Producer: r.Producer, Seq: r.Seq, Params: map[string]string{}}
		if err := json.Unmarshal([]byte(r.Params), &c.Params); err != nil {
			return nil, fmt.Errorf("chapter of %s: %w", e.Number(), err)
		}
		out = append(out, c)
	}
	return out, nil
}

func onServer(at time.Time, offsetMS int64) time.Time {
	return at.Add(time.Duration(offsetMS) * time.Millisecond)
}

// VTT writes chapters as WebVTT: each goes on until the next one begins, the last until the video ends.
func VTT(chapters []Chapter, durationMS int64, lang string) string {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for i, c := range chapters {
		until := durationMS
		if i+1 < len(chapters) {
			until = chapters[i+1].AtMS
		}
		// A cue that takes no time is no cue: two scans of one millisecond, or one at the very end.
		until = max(until, c.AtMS+1)
		fmt.Fprintf(&b, "\n%d\n%s --> %s\n%s\n", i+1, stamp(c.AtMS), stamp(until), c.title(lang))
	}
	return b.String()
}

// title is one line without what WebVTT reads as markup.
func (c Chapter) title(lang string) string {
	what := c.Params["sku"]
	if lang == "en" && c.Params["sku_en"] != "" {
		what = c.Params["sku_en"]
	}
	if what == "" {
		what = c.Data
	}
	parts := []string{strings.ReplaceAll(c.Code, "_", " "), what}
	if c.Plate != "" && c.Plate != what {
		parts = append(parts, c.Plate)
	}
	line := strings.Join(parts, " · ")
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", " ", "\n", " ").Replace(line)
}

func stamp(ms int64) string {
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}
