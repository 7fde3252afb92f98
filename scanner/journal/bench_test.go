package journal

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"
)

// BenchmarkAppend is a scan made durable; BenchmarkBareAppend the same bytes added to a plain file with fdatasync, the least it can cost.
func BenchmarkAppend(b *testing.B) {
	j, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for i := range b.N {
		s := scanOf(i)
		begin := time.Now()
		if _, err := j.Append(&s); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	report(b, took)
}

func BenchmarkBareAppend(b *testing.B) {
	f, err := os.OpenFile(b.TempDir()+"/bare", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for i := range b.N {
		line, err := json.Marshal(scanOf(i))
		if err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		if _, err := f.Write(line); err != nil {
			b.Fatal(err)
		}
		if err := syncData(f); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	report(b, took)
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
