package main

import (
	"os"
	"testing"
)

func TestRSS(t *testing.T) {
	got, err := rssOf([]byte("Name:\tx\nVmHWM:\t 9000 kB\nVmRSS:\t   12288 kB\nThreads:\t3\n"))
	if err != nil || got != 12 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := rssOf([]byte("Name:\tx\n")); err == nil {
		t.Error("no figure is a figure")
	}
}

func TestBareAppend(t *testing.T) {
	dir := t.TempDir()
	b, err := NewBareAppend(dir, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for range 30 {
		if us, err := b.Append([]byte("0123456789abcdef")); err != nil || us < 0 {
			t.Fatalf("%v µs, %v", us, err)
		}
	}
	s, err := os.Stat(dir + "/bare")
	if err != nil || s.Size() != 100 {
		t.Errorf("the file grew to %d bytes: its size would be synced too (%v)", s.Size(), err)
	}
}
