package doctor

import (
	"errors"
	"testing"
	"time"
)

func TestDisk(t *testing.T) {
	const plenty = 5 << 30
	judge(t, disk, []judged{
		{"well", Facts{Data: DataDir{Dir: "/d", Sync: time.Millisecond, Free: plenty}}, "ok disk_ok free=5120"},
		{"not there", Facts{Data: DataDir{Dir: "/d", Missing: true}}, "WRONG data_missing"},
		{"no permission", Facts{Data: DataDir{Dir: "/d", Err: errors.New("permission denied")}}, "WRONG data_denied"},
		{"a disk that fails", Facts{Data: DataDir{Dir: "/d", SyncErr: errors.New("input/output error")}}, "WRONG disk_fails"},
		{"a slow disk", Facts{Data: DataDir{Dir: "/d", Sync: slowSync + 1, Free: plenty}}, "WRONG disk_slow"},
		{"nearly full", Facts{Data: DataDir{Dir: "/d", Sync: time.Millisecond, Free: littleLeft - 1}}, "WRONG disk_full free=199; ok disk_ok free=199"},
		{"just enough", Facts{Data: DataDir{Dir: "/d", Free: littleLeft}}, "ok disk_ok free=200"},
		{"space unknown", Facts{Data: DataDir{Dir: "/d", FreeErr: errors.New("no statfs")}}, "ok disk_ok free=0"},
		{"enrolled by root", Facts{Data: DataDir{Dir: "/d", Free: plenty, Foreign: "/d/station.json", Whose: "root"}}, "WRONG files_foreign whose=root; ok disk_ok free=5120"},
	})
}
