package agent

import (
	"flag"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner/wire/wiretest"
)

var update = flag.Bool("update", false, "write the schemas of docs/asyncapi-page.yaml")

// The page's types are made from docs/asyncapi-page.yaml: it has the agent's types, and each message of it is an op with the field of the same name.
func TestAsyncAPI(t *testing.T) {
	t.Parallel()
	doc, references := wiretest.Described(t, "../../docs/asyncapi-page.yaml", *update, reflect.TypeFor[State](), reflect.TypeFor[Notice]())
	if references < 30 {
		t.Errorf("only %d references", references)
	}
	var sends []string
	messages := doc["components"].(map[string]any)["messages"].(map[string]any)
	for name, m := range messages {
		properties := m.(map[string]any)["payload"].(map[string]any)["properties"].(map[string]any)
		if properties["op"].(map[string]any)["const"] != name {
			t.Errorf("message %s has op %v", name, properties["op"])
		}
		switch _, own := properties[name]; {
		case own && len(properties) == 2:
			sends = append(sends, name)
		case name == "settle" && properties["producer"] != nil && properties["seq"] != nil && len(properties) == 3:
		case properties["data"] == nil || len(properties) != 2:
			t.Errorf("message %s has properties %v", name, properties)
		}
	}
	want := fields(reflect.TypeFor[message]())
	slices.Sort(sends)
	if got := append([]string{"op"}, sends...); !slices.Equal(got, want) {
		t.Errorf("the agent's messages are described as %v, are %v", got, want)
	}
	if got := fields(reflect.TypeFor[typed]()); !slices.Equal(got, []string{"op", "data", "producer", "seq"}) {
		t.Errorf("the page's messages are %v", got)
	}
}

func fields(typ reflect.Type) []string {
	var names []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names[1:]) // op comes first
	return names
}
