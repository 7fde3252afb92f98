package wire_test

import (
	"flag"
	"reflect"
	"testing"

	"github.com/backdock/backdock/scanner/wire"
	"github.com/backdock/backdock/scanner/wire/wiretest"
)

var update = flag.Bool("update", false, "write the schemas of docs/asyncapi.yaml")

func TestAsyncAPI(t *testing.T) {
	_, references := wiretest.Described(t, "../../docs/asyncapi.yaml", *update, reflect.TypeFor[wire.FromStation](), reflect.TypeFor[wire.FromServer]())
	if references < 40 {
		t.Errorf("only %d references", references)
	}
}
