package live_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/backdock/backdock/api/live"
)

// docs/asyncapi-live.yaml names exactly the fields that the frames have.
func TestAsyncAPINamesTheFields(t *testing.T) {
	b, err := os.ReadFile("../../docs/asyncapi-live.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Messages map[string]struct{ Payload map[string]string }
			Schemas  map[string]struct{ Properties map[string]any }
		}
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{live.Resume{}, live.SeqFrame{}, live.EventFrame{}, live.Event{}, live.BoardFrame{}} {
		typ := reflect.TypeOf(v)
		var want, got []string
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			want = append(want, name)
		}
		for name := range doc.Components.Schemas[typ.Name()].Properties {
			got = append(got, name)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: described %v, is %v", typ.Name(), got, want)
		}
	}
	for name, m := range doc.Components.Messages {
		schema := m.Payload["$ref"][strings.LastIndexByte(m.Payload["$ref"], '/')+1:]
		if _, ok := doc.Components.Schemas[schema]; !ok {
			t.Errorf("message %s has no schema", name)
		}
	}
}
